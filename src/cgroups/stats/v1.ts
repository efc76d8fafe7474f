// Pure.
import { numbersIn } from '../../spec/number-list.ts';
import { count, keyed, pidsStats, times, withoutZeros } from './parse.ts';
import type { BlkioEntry, BlkioTable, CgroupStats, Count, ReadFile } from './types.ts';

/** Nanoseconds in a clock tick, of which Linux tells user space that there are 100 in a second. */
const TICK = 10_000_000;

/** What a cgroup of version 1 has used; `pages` are the sizes of huge pages as in file names (`2MB`). */
export function v1Stats(read: ReadFile, pages: readonly string[]): CgroupStats {
  return {
    cpu: cpu(read),
    cpuset: cpuset(read),
    memory: memory(read),
    pids: pidsStats(read),
    blkio: blkio(read),
    hugetlb: Object.fromEntries(pages.map((page) => [page, hugetlb(read, page)])),
  };
}

function cpu(read: ReadFile): CgroupStats['cpu'] {
  const total = count(read('cpuacct', 'cpuacct.usage'));
  const ticks = keyed(read('cpuacct', 'cpuacct.stat'));
  const throttling = keyed(read('cpu', 'cpu.stat'));
  // Lines `CPU user system` below a heading.
  const each = read('cpuacct', 'cpuacct.usage_all').split('\n').slice(1);
  const column = (index: number): Count[] => each.map((line) => count(line.split(' ')[index]));
  return {
    usage: {
      ...withoutZeros({
        total,
        percpu: read('cpuacct', 'cpuacct.usage_percpu').split(' ').filter(Boolean).map(count),
        percpu_kernel: column(2),
        percpu_user: column(1),
      }),
      kernel: times(ticks.system, TICK),
      user: times(ticks.user, TICK),
    },
    throttling: withoutZeros({
      periods: throttling.nr_periods ?? 0,
      throttledPeriods: throttling.nr_throttled ?? 0,
      throttledTime: throttling.throttled_time ?? 0,
    }),
  };
}

function cpuset(read: ReadFile): CgroupStats['cpuset'] {
  const list = (name: string) => numbersIn(read('cpuset', `cpuset.${name}`));
  const value = (name: string) => count(read('cpuset', `cpuset.${name}`));
  return {
    ...withoutZeros({ cpus: list('cpus') }),
    cpu_exclusive: value('cpu_exclusive'),
    ...withoutZeros({ mems: list('mems') }),
    mem_hardwall: value('mem_hardwall'),
    mem_exclusive: value('mem_exclusive'),
    memory_migrate: value('memory_migrate'),
    memory_spread_page: value('memory_spread_page'),
    memory_spread_slab: value('memory_spread_slab'),
    memory_pressure: value('memory_pressure'),
    sched_load_balance: value('sched_load_balance'),
    sched_relax_domain_level: value('sched_relax_domain_level'),
  };
}

function memory(read: ReadFile): CgroupStats['memory'] {
  const raw = keyed(read('memory', 'memory.stat'));
  const usage = (prefix: string) => {
    const value = (name: string) => count(read('memory', `${prefix}.${name}`));
    const used = { usage: value('usage_in_bytes'), max: value('max_usage_in_bytes') };
    return { limit: value('limit_in_bytes'), ...withoutZeros(used), failcnt: value('failcnt') };
  };
  return {
    ...withoutZeros({ cache: raw.cache ?? 0 }),
    usage: usage('memory'),
    swap: usage('memory.memsw'),
    kernel: usage('memory.kmem'),
    kernelTCP: usage('memory.kmem.tcp'),
    ...withoutZeros({ raw }),
  };
}

const TABLES: readonly [table: BlkioTable, file: string][] = [
  ['ioServiceBytesRecursive', 'io_service_bytes_recursive'],
  ['ioServicedRecursive', 'io_serviced_recursive'],
  ['ioQueueRecursive', 'io_queued_recursive'],
  ['ioServiceTimeRecursive', 'io_service_time_recursive'],
  ['ioWaitTimeRecursive', 'io_wait_time_recursive'],
  ['ioMergedRecursive', 'io_merged_recursive'],
  ['ioTimeRecursive', 'time_recursive'],
  ['sectorsRecursive', 'sectors_recursive'],
];

/** The same files under three names: of the BFQ scheduler, of the CFQ that older kernels had, and of throttling. */
const SCHEDULERS = ['blkio.bfq.', 'blkio.', 'blkio.throttle.'];

function blkio(read: ReadFile): CgroupStats['blkio'] {
  for (const prefix of SCHEDULERS) {
    const tables = TABLES.map(([table, file]) => [table, entries(read('blkio', prefix + file))] as const);
    if (tables.some(([, found]) => found.length > 0)) return withoutZeros(Object.fromEntries(tables));
  }
  return {};
}

/** Lines `8:0 Read 4096` or `8:0 4096`; the sum at the end, `Total 4096`, is about no device. */
function entries(text: string): BlkioEntry[] {
  const found: BlkioEntry[] = [];
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const [major, minor] = (words[0] ?? '').split(':').map(Number);
    if (minor === undefined) continue;
    const op = words.length > 2 ? words[1] : '';
    found.push(withoutZeros({ major, minor, op, value: count(words.at(-1)) }) as BlkioEntry);
  }
  return found;
}

function hugetlb(read: ReadFile, page: string): CgroupStats['hugetlb'][string] {
  const value = (name: string) => count(read('hugetlb', `hugetlb.${page}.${name}`));
  const used = { usage: value('usage_in_bytes'), max: value('max_usage_in_bytes') };
  return { ...withoutZeros(used), failcnt: value('failcnt') };
}
