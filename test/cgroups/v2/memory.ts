import t from 'tap';
import { memory } from '../../../src/cgroups/v2/memory.ts';
import type { Memory } from '../../../src/spec/config.ts';

const writes = (value: Memory) => memory({ memory: value }).map(({ file, value }) => `${file}=${value}`);

t.test('limits', async (t) => {
  t.same(memory({}), []);
  t.same(writes({ limit: 0, reservation: 0, swap: 0 }), []);
  t.same(memory({ memory: { limit: 4096 } }), [
    { file: 'memory.max', value: '4096', field: 'linux.resources.memory.limit' },
  ]);
  t.same(writes({ reservation: 4096 }), ['memory.low=4096']);
  t.same(writes({ reservation: -1 }), ['memory.low=max']);
});

t.test('swap alone is the sum without the memory', async (t) => {
  t.same(writes({ limit: 4096, swap: 12288 }), ['memory.swap.max=8192', 'memory.max=4096']);
  t.same(writes({ limit: 4096, swap: 4096 }), ['memory.swap.max=0', 'memory.max=4096']);
  t.same(writes({ limit: 4096, swap: -1 }), ['memory.swap.max=max', 'memory.max=4096']);
  t.same(writes({ swap: -1 }), ['memory.swap.max=max']);
  t.same(writes({ limit: -1 }), ['memory.swap.max=max', 'memory.max=max']);
});

t.test('a kernel without swap accounting does for "none" and "all"', async (t) => {
  const optional = (value: Memory) => memory({ memory: value })[0]?.optional;
  t.equal(optional({ limit: 4096, swap: 4096 }), true);
  t.equal(optional({ limit: 4096, swap: -1 }), true);
  t.equal(optional({ limit: 4096, swap: 8192 }), false);
});

t.test('contradictions', async (t) => {
  const field = 'linux.resources.memory.swap';
  t.throws(() => writes({ swap: 4096 }), { code: 'CONFIG_INVALID', field });
  t.throws(() => writes({ swap: 4096, limit: -1 }), { code: 'CONFIG_INVALID', field });
  t.throws(() => writes({ swap: 4096, limit: 8192 }), { code: 'CONFIG_INVALID', field });
});
