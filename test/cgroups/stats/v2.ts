import t from 'tap';
import { v2Stats } from '../../../src/cgroups/stats/v2.ts';

const files: Record<string, string> = {
  'cpu.stat': 'usage_usec 197220\nuser_usec 71716\nsystem_usec 125504\nnr_periods 0\nthrottled_usec 2',
  'cpu.pressure':
    'some avg10=0.26 avg60=3.71 avg300=17.29 total=162591143\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0',
  'memory.stat': 'anon 53248\nfile 446464',
  'memory.current': '737280',
  'memory.max': '99999744',
  'memory.swap.current': '4096',
  'memory.swap.max': 'max',
  'pids.current': '1',
  'pids.max': '50',
  'io.stat': '254:0 rbytes=434176 wbytes=0 rios=5 wios=0 dbytes=0 dios=0\n254:16 ',
  'hugetlb.2MB.events': 'max 4',
};
const stats = v2Stats((_, file) => files[file] ?? '', ['2MB']);

t.same(stats.cpu, {
  usage: { total: 197220000, kernel: 125504000, user: 71716000 },
  throttling: { throttledTime: 2000 },
  psi: {
    some: { avg10: 0.26, avg60: 3.71, avg300: 17.29, total: 162591143 },
    full: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
  },
});
t.same(stats.memory.usage, { limit: 99999744, usage: 737280, failcnt: 0 });
t.same(stats.memory.swap, { limit: 2n ** 64n - 1n, usage: 741376, failcnt: 0 }, 'memory and swap together');
t.same(stats.memory.raw, { anon: 53248, file: 446464 });
t.same(stats.pids, { current: 1, limit: 50 });
t.same(stats.blkio, {
  ioServiceBytesRecursive: [
    { major: 254, op: 'Read', value: 434176 },
    { major: 254, op: 'Write' },
  ],
  ioServicedRecursive: [
    { major: 254, op: 'Read', value: 5 },
    { major: 254, op: 'Write' },
  ],
});
t.same(stats.hugetlb, { '2MB': { failcnt: 4 } });

const limited: Record<string, string> = { ...files, 'memory.swap.max': '1000' };
t.equal(v2Stats((_, file) => limited[file] ?? '', []).memory.swap.limit, 100000744, 'the sum of both limits');
