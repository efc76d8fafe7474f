import t from 'tap';
import { cpu, weightOf } from '../../../src/cgroups/v2/cpu.ts';
import type { Cpu } from '../../../src/spec/config.ts';

const writes = (value: Cpu) => cpu({ cpu: value }).map(({ file, value }) => `${file}=${value}`);

t.test('nothing asked for', async (t) => {
  t.same(cpu({}), []);
  t.same(writes({ shares: 0, quota: 0, period: 0 }), []);
});

t.test('shares as weight', async (t) => {
  const weights = [0, 1, 2, 3, 512, 1024, 1025, 2048, 262144, 1e9].map(weightOf);
  t.same(weights, [1, 1, 1, 2, 59, 100, 101, 174, 10000, 10000]);
  t.same(cpu({ cpu: { shares: 1024 } }), [
    { file: 'cpu.weight', value: '100', field: 'linux.resources.cpu.shares' },
  ]);
});

t.test('quota and period in one file, then the burst', async (t) => {
  t.same(writes({ quota: 50000, period: 200000, burst: 0 }), ['cpu.max=50000 200000', 'cpu.max.burst=0']);
  t.same(writes({ quota: 50000 }), ['cpu.max=50000']);
  t.same(writes({ quota: -1 }), ['cpu.max=max']);
  t.same(writes({ period: 200000 }), ['cpu.max=max 200000']);
});

t.test('a weight only while it is not idle', async (t) => {
  t.same(writes({ shares: 2, idle: 1 }), ['cpu.weight=1', 'cpu.idle=1']);
  t.same(writes({ shares: 2, idle: 0 }), ['cpu.idle=0', 'cpu.weight=1']);
});
