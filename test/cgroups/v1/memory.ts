import t from 'tap';
import { memory } from '../../../src/cgroups/v1/memory.ts';
import type { Memory } from '../../../src/spec/config.ts';

const writes = (value: Memory, swapNow?: number) =>
  memory({ memory: value }, swapNow).map(({ file, value }) => `${file}=${value}`);

t.test('nothing asked for', async (t) => {
  t.same(memory({}), []);
  t.same(writes({}), []);
  t.same(writes({ limit: 0, swap: 0, reservation: 0, disableOOMKiller: false, kernel: 0 }), []);
  t.same(writes({ swappiness: 2 ** 64 }), [], '-1 in an unsigned field');
});

t.test('each property', async (t) => {
  t.same(memory({ memory: { limit: 6291456 } }), [
    { file: 'memory.limit_in_bytes', value: '6291456', field: 'linux.resources.memory.limit' },
  ]);
  t.same(writes({ reservation: 4096 }), ['memory.soft_limit_in_bytes=4096']);
  t.same(writes({ swap: 8192 }), ['memory.memsw.limit_in_bytes=8192']);
  t.same(writes({ kernelTCP: 4096 }), ['memory.kmem.tcp.limit_in_bytes=4096']);
  t.match(memory({ memory: { kernel: 4096 } }), [
    { file: 'memory.kmem.limit_in_bytes', value: '4096', optional: true },
  ]);
  t.same(writes({ swappiness: 0 }), ['memory.swappiness=0']);
  t.same(writes({ disableOOMKiller: true }), ['memory.oom_control=1']);
});

t.test('memory and memory + swap: the sum is never the smaller one', async (t) => {
  const memoryFirst = ['memory.limit_in_bytes=4096', 'memory.memsw.limit_in_bytes=8192'];
  t.same(writes({ limit: 4096, swap: 8192 }), memoryFirst);
  t.same(writes({ limit: 4096, swap: 8192 }, 4096), memoryFirst);
  t.same(writes({ limit: 4096, swap: 8192 }, 1024), memoryFirst.toReversed());
  t.same(writes({ limit: -1, swap: -1 }), ['memory.memsw.limit_in_bytes=-1', 'memory.limit_in_bytes=-1']);
});

t.test('unlimited memory lifts the limit of the sum too, where there is one', async (t) => {
  t.match(memory({ memory: { limit: -1 } }), [
    { file: 'memory.memsw.limit_in_bytes', value: '-1', optional: true },
    { file: 'memory.limit_in_bytes', value: '-1' },
  ]);
});
