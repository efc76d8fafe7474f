// Pure.

/** A counter of 64 bits: a bigint where a number would round it. */
export type Count = number | bigint;

interface Usage {
  limit: Count;
  usage?: Count;
  max?: Count;
  failcnt: Count;
}

interface Pressure {
  avg10: number;
  avg60: number;
  avg300: number;
  total: Count;
}

/** Pressure stall information. Source: the kernel's Documentation/accounting/psi.rst. */
export interface Psi {
  some: Pressure;
  full: Pressure;
}

export interface BlkioEntry {
  major?: number;
  minor?: number;
  op?: string;
  value?: Count;
}

/**
 * What a cgroup has used, in the form that readers of `events` know: nanoseconds and bytes. Names, and what is left
 * out where it is 0, are runc's.
 */
export interface CgroupStats {
  cpu: {
    usage: {
      total?: Count;
      percpu?: Count[];
      percpu_kernel?: Count[];
      percpu_user?: Count[];
      kernel: Count;
      user: Count;
    };
    throttling: { periods?: Count; throttledPeriods?: Count; throttledTime?: Count };
    psi?: Psi;
  };
  cpuset: {
    cpus?: number[];
    cpu_exclusive: Count;
    mems?: number[];
    mem_hardwall: Count;
    mem_exclusive: Count;
    memory_migrate: Count;
    memory_spread_page: Count;
    memory_spread_slab: Count;
    memory_pressure: Count;
    sched_load_balance: Count;
    sched_relax_domain_level: Count;
  };
  memory: {
    cache?: Count;
    usage: Usage;
    swap: Usage;
    kernel: Usage;
    kernelTCP: Usage;
    raw?: Record<string, Count>;
    psi?: Psi;
  };
  pids: { current?: Count; limit?: Count };
  blkio: Partial<Record<BlkioTable, BlkioEntry[]>> & { psi?: Psi };
  hugetlb: Record<string, Omit<Usage, 'limit'>>;
}

export type BlkioTable =
  | 'ioServiceBytesRecursive'
  | 'ioServicedRecursive'
  | 'ioQueueRecursive'
  | 'ioServiceTimeRecursive'
  | 'ioWaitTimeRecursive'
  | 'ioMergedRecursive'
  | 'ioTimeRecursive'
  | 'sectorsRecursive';

/** Reads one file of the cgroup, without the last newline; empty when there is none. */
export type ReadFile = (controller: string, file: string) => string;
