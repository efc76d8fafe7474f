// Pure.
import { numbersIn } from '../../spec/number-list.ts';
import { count, keyed, pidsStats, pressure, sum, times, withoutZeros } from './parse.ts';
import type { BlkioEntry, CgroupStats, ReadFile } from './types.ts';

/** Nanoseconds in a microsecond. */
const MICROSECOND = 1000;

/** What a cgroup of version 2 has used; `pages` are the sizes of huge pages as in file names (`2MB`). */
export function v2Stats(read: ReadFile, pages: readonly string[]): CgroupStats {
  return {
    cpu: cpu(read),
    cpuset: {
      ...cpusetLists(read),
      cpu_exclusive: 0,
      mem_hardwall: 0,
      mem_exclusive: 0,
      memory_migrate: 0,
      memory_spread_page: 0,
      memory_spread_slab: 0,
      memory_pressure: 0,
      sched_load_balance: 0,
      sched_relax_domain_level: 0,
    },
    memory: memory(read),
    pids: pidsStats(read),
    blkio: blkio(read),
    hugetlb: Object.fromEntries(pages.map((page) => [page, hugetlb(read, page)])),
  };
}

function cpu(read: ReadFile): CgroupStats['cpu'] {
  const stat = keyed(read('cpu', 'cpu.stat'));
  const time = (key: string) => times(stat[key], MICROSECOND);
  return {
    usage: {
      ...withoutZeros({ total: time('usage_usec') }),
      kernel: time('system_usec'),
      user: time('user_usec'),
    },
    throttling: withoutZeros({
      periods: stat.nr_periods ?? 0,
      throttledPeriods: stat.nr_throttled ?? 0,
      throttledTime: time('throttled_usec'),
    }),
    ...pressure(read('cpu', 'cpu.pressure')),
  };
}

function cpusetLists(read: ReadFile): { cpus?: number[]; mems?: number[] } {
  return withoutZeros({
    cpus: numbersIn(read('cpuset', 'cpuset.cpus')),
    mems: numbersIn(read('cpuset', 'cpuset.mems')),
  });
}

function memory(read: ReadFile): CgroupStats['memory'] {
  const value = (file: string) => count(read('memory', file));
  const raw = keyed(read('memory', 'memory.stat'));
  const usage = value('memory.current');
  const limit = value('memory.max');
  const swapLimit = value('memory.swap.max');
  const isLimited = typeof swapLimit === 'number';
  return {
    ...withoutZeros({ cache: raw.file ?? 0 }),
    usage: { limit, ...withoutZeros({ usage, max: value('memory.peak') }), failcnt: 0 },
    // As version 1 has it: memory and swap together.
    swap: {
      limit: isLimited ? sum(swapLimit, limit) : swapLimit,
      ...withoutZeros({ usage: sum(value('memory.swap.current'), usage) }),
      failcnt: 0,
    },
    kernel: { limit: 0, failcnt: 0 },
    kernelTCP: { limit: 0, failcnt: 0 },
    ...withoutZeros({ raw }),
    ...pressure(read('memory', 'memory.pressure')),
  };
}

const IO = [
  ['rbytes', 'ioServiceBytesRecursive', 'Read'],
  ['wbytes', 'ioServiceBytesRecursive', 'Write'],
  ['rios', 'ioServicedRecursive', 'Read'],
  ['wios', 'ioServicedRecursive', 'Write'],
] as const;

/** io.stat: a line for each device, `254:0 rbytes=1 wbytes=0 …`. */
function blkio(read: ReadFile): CgroupStats['blkio'] {
  const tables: CgroupStats['blkio'] = {};
  for (const line of read('io', 'io.stat').split('\n')) {
    const [device = '', ...pairs] = line.split(' ');
    const [major, minor] = device.split(':').map(Number);
    if (minor === undefined) continue;
    const values = Object.fromEntries(pairs.map((pair) => pair.split('=')));
    for (const [key, table, op] of IO) {
      if (values[key] === undefined) continue;
      const entry: BlkioEntry = withoutZeros({ major, minor, op, value: count(values[key]) });
      tables[table] = [...(tables[table] ?? []), entry];
    }
  }
  return { ...tables, ...pressure(read('io', 'io.pressure')) };
}

function hugetlb(read: ReadFile, page: string): CgroupStats['hugetlb'][string] {
  return {
    ...withoutZeros({ usage: count(read('hugetlb', `hugetlb.${page}.current`)) }),
    failcnt: keyed(read('hugetlb', `hugetlb.${page}.events`)).max ?? 0,
  };
}
