import t from 'tap';
import {
  annotatedProperties,
  baseProperties,
  resourceProperties,
  type UnitProperty,
} from '../../../src/cgroups/systemd/properties.ts';

const plain = (properties: UnitProperty[]) =>
  Object.fromEntries(properties.map(([name, { signature, value }]) => [name, [signature, value]]));
const max = 2n ** 64n - 1n;

t.test('of every unit', async (t) => {
  const place = { unit: 'a-b.scope', slice: 'system.slice', path: '/system.slice/a-b.scope' };
  t.match(plain(baseProperties(place, 77, true)), {
    Slice: ['s', 'system.slice'],
    Delegate: ['b', true],
    PIDs: ['au', [77]],
    IOAccounting: ['b', true],
    DefaultDependencies: ['b', false],
  });
  const slice = plain(baseProperties({ ...place, unit: 'x.slice' }, 77, false));
  t.same(slice.Wants, ['as', ['system.slice']], 'a slice');
  t.notOk(slice.PIDs ?? slice.Delegate, 'has no processes');
});

t.test('annotations', async (t) => {
  const properties = annotatedProperties({
    other: 'x',
    'org.systemd.property.CollectMode': "'inactive-or-failed'",
    'org.systemd.property.TimeoutStopUSec': 'uint64 5',
    'org.systemd.property.RuntimeMaxSec': '1.5',
  });
  t.same(plain(properties), {
    CollectMode: ['s', 'inactive-or-failed'],
    TimeoutStopUSec: ['t', 5n],
    RuntimeMaxUSec: ['t', 1_500_000n],
  });
  t.throws(
    () => annotatedProperties({ 'org.systemd.property.CollectMode': 'inactive' }),
    { code: 'CONFIG_INVALID' },
    'no GVariant',
  );
  t.throws(
    () => annotatedProperties({ 'org.systemd.property.a': '1' }),
    { code: 'CONFIG_INVALID' },
    'no name',
  );
});

t.test('version 2', async (t) => {
  const writes = [
    { file: 'memory.max', value: '1048576' },
    { file: 'memory.swap.max', value: 'max' },
    { file: 'cpu.weight', value: '39' },
    { file: 'cpu.max', value: '25000 100000' },
    { file: 'cpuset.cpus', value: '0-1,9' },
    { file: 'pids.max', value: 'max' },
    { file: 'io.max', value: '8:0 rbps=1' },
  ];
  t.same(plain(resourceProperties(writes, { unified: true, version: 252 })), {
    MemoryMax: ['t', 1048576n],
    MemorySwapMax: ['t', max],
    CPUWeight: ['t', 39n],
    AllowedCPUs: ['ay', [3, 2]],
    TasksMax: ['t', max],
    CPUQuotaPerSecUSec: ['t', 250_000n],
    CPUQuotaPeriodUSec: ['t', 100_000n],
  });
  const old = plain(resourceProperties(writes, { unified: true, version: 241 }));
  t.notOk(old.AllowedCPUs ?? old.CPUQuotaPeriodUSec, 'an old systemd');
});

t.test('what the kernel takes in other words, or does not take', async (t) => {
  const told = (file: string, value: string) =>
    plain(resourceProperties([{ file, value }], { unified: true, version: 252 }));
  t.same(told('memory.max', '64M'), { MemoryMax: ['t', 67108864n] });
  t.same(told('memory.high', '1k'), { MemoryHigh: ['t', 1024n] });
  t.same(told('memory.max', 'much'), {}, 'the file has the error');
  t.same(told('cpu.max', '5000 much'), {});
  t.same(told('io.weight', 'default 500'), { IOWeight: ['t', 500n] });
  t.same(told('io.bfq.weight', '300'), { IOWeight: ['t', 2930n] });
  t.same(told('io.bfq.weight', 'default 10'), { IOWeight: ['t', 1n] });
  t.same(told('io.bfq.weight', '8:0 300'), {}, 'for one disk');
  t.same(told('cpuset.cpus', ''), { AllowedCPUs: ['ay', []] }, 'none of its own any more');
});

t.test('quotas', async (t) => {
  const quota = (value: string) =>
    plain(resourceProperties([{ file: 'cpu.max', value }], { unified: true, version: 252 }));
  t.same(quota('1001 100000').CPUQuotaPerSecUSec, ['t', 20_000n], 'rounded up');
  t.same(quota('max').CPUQuotaPerSecUSec, ['t', max], 'none');
  t.notOk(quota('max').CPUQuotaPeriodUSec, 'no period');
});

t.test('version 1', async (t) => {
  const writes = [
    { file: 'memory.limit_in_bytes', value: '-1' },
    { file: 'cpu.shares', value: '512' },
    { file: 'cpu.cfs_quota_us', value: '50000' },
    { file: 'blkio.bfq.weight', value: '300' },
  ];
  t.same(plain(resourceProperties(writes, { unified: false, version: 252 })), {
    MemoryLimit: ['t', max],
    CPUShares: ['t', 512n],
    CPUQuotaPerSecUSec: ['t', 500_000n],
    BlockIOWeight: ['t', 300n],
  });
});
