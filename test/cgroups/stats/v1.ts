import t from 'tap';
import { v1Stats } from '../../../src/cgroups/stats/v1.ts';

const files: Record<string, string> = {
  'cpuacct.usage': '13945972',
  'cpuacct.stat': 'user 2\nsystem 1',
  'cpuacct.usage_percpu': '10716773 3229199 ',
  'cpuacct.usage_all': 'cpu user system\n0 5 7938317\n1 0 0',
  'cpu.stat': 'nr_periods 10\nnr_throttled 2\nthrottled_time 300',
  'cpuset.cpus': '0-1,3',
  'cpuset.sched_relax_domain_level': '-1',
  'memory.stat': 'cache 16384\nhierarchical_memsw_limit 9223372036854771712',
  'memory.usage_in_bytes': '737280',
  'memory.limit_in_bytes': '99999744',
  'memory.failcnt': '3',
  'memory.memsw.limit_in_bytes': '9223372036854771712',
  'pids.current': '1',
  'pids.max': 'max',
  'blkio.bfq.io_serviced_recursive': 'Total 0',
  'blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Write 0\nTotal 4096',
  'hugetlb.2MB.usage_in_bytes': '2097152',
};
const stats = v1Stats((_, file) => files[file] ?? '', ['2MB']);

t.same(stats.cpu, {
  usage: {
    total: 13945972,
    percpu: [10716773, 3229199],
    percpu_kernel: [7938317, 0],
    percpu_user: [5, 0],
    kernel: 10_000_000,
    user: 20_000_000,
  },
  throttling: { periods: 10, throttledPeriods: 2, throttledTime: 300 },
});
t.match(stats.cpuset, { cpus: [0, 1, 3], sched_relax_domain_level: -1, cpu_exclusive: 0 });
t.notOk('mems' in stats.cpuset, 'an empty list is left out');
t.same(stats.memory, {
  cache: 16384,
  usage: { limit: 99999744, usage: 737280, failcnt: 3 },
  swap: { limit: 9223372036854771712n, failcnt: 0 },
  kernel: { limit: 0, failcnt: 0 },
  kernelTCP: { limit: 0, failcnt: 0 },
  raw: { cache: 16384, hierarchical_memsw_limit: 9223372036854771712n },
});
t.same(stats.pids, { current: 1 }, 'no limit is left out');
t.same(stats.blkio, {
  ioServiceBytesRecursive: [
    { major: 8, op: 'Read', value: 4096 },
    { major: 8, op: 'Write' },
  ],
});
t.same(stats.hugetlb, { '2MB': { usage: 2097152, failcnt: 0 } });
