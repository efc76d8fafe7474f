import t from 'tap';
import { cpu } from '../../../src/cgroups/v1/cpu.ts';
import type { Cpu } from '../../../src/spec/config.ts';

const writes = (value: Cpu) => cpu({ cpu: value }).map(({ file, value }) => `${file}=${value}`);

t.test('nothing asked for', async (t) => {
  t.same(cpu({}), []);
  t.same(writes({ shares: 0, quota: 0, period: 0, realtimePeriod: 0, realtimeRuntime: 0, cpus: '0' }), []);
});

t.test('period before quota before burst', async (t) => {
  t.same(writes({ burst: 1000, quota: 50000, period: 100000 }), [
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=50000',
    'cpu.cfs_burst_us=1000',
  ]);
  t.same(writes({ quota: -1, burst: 0 }), ['cpu.cfs_quota_us=-1', 'cpu.cfs_burst_us=0']);
});

t.test('shares only while it is not idle', async (t) => {
  t.same(writes({ shares: 512, idle: 1 }), ['cpu.shares=512', 'cpu.idle=1']);
  t.same(writes({ shares: 512, idle: 0 }), ['cpu.idle=0', 'cpu.shares=512']);
});

t.test('real time', async (t) => {
  t.same(writes({ realtimeRuntime: 5, realtimePeriod: 10 }), ['cpu.rt_period_us=10', 'cpu.rt_runtime_us=5']);
});

t.test('the property is named', async (t) => {
  t.match(cpu({ cpu: { quota: 5 } }), [{ field: 'linux.resources.cpu.quota' }]);
});

t.test('what the kernel would change without a word', async (t) => {
  for (const [shares, text] of [
    [1, /the minimum allowed cpu-shares is 2, found 1/],
    [262145, /the maximum allowed cpu-shares is 262144/],
  ] as const)
    t.throws(() => cpu({ cpu: { shares } }), { field: 'linux.resources.cpu.shares', message: text });
});

t.test('a kernel without burst or idle does for none', async (t) => {
  const optional = (value: Cpu) => cpu({ cpu: value }).map(({ optional }) => optional);
  t.same(optional({ burst: 0, idle: 0 }), [true, true]);
  t.same(optional({ quota: 5000, burst: 1000, idle: 1 }), [undefined, undefined, false]);
});
