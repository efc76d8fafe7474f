import { syscall, trySyscall } from './syscall.ts';

/** What sched_setattr(2) sets of a thread. Times are in nanoseconds. */
export interface SchedulerAttributes {
  policy: number;
  flags: number;
  nice: number;
  priority: number;
  runtime: number;
  deadline: number;
  period: number;
}

// With the utilization clamps, of Linux 5.3.
const SCHED_ATTR_SIZE = 56;

/** Sets the scheduling of a thread (0: the caller). Source: struct sched_attr in include/uapi/linux/sched/types.h. */
export function setSchedulerAttributes(pid: number, attributes: SchedulerAttributes): void {
  const { policy, flags, nice, priority, runtime, deadline, period } = attributes;
  const bytes = Buffer.alloc(SCHED_ATTR_SIZE);
  bytes.writeUInt32LE(SCHED_ATTR_SIZE, 0);
  bytes.writeUInt32LE(policy, 4);
  bytes.writeBigUInt64LE(BigInt(flags), 8);
  bytes.writeInt32LE(nice, 16);
  bytes.writeUInt32LE(priority, 20);
  bytes.writeBigUInt64LE(BigInt(runtime), 24);
  bytes.writeBigUInt64LE(BigInt(deadline), 32);
  bytes.writeBigUInt64LE(BigInt(period), 40);
  syscall('sched_setattr', pid, bytes, 0);
}

const IOPRIO_WHO_PROCESS = 1;
const IOPRIO_CLASS_SHIFT = 13;

/** Sets the I/O priority of a thread, which its children inherit. Source: ioprio_set(2), include/uapi/linux/ioprio.h. */
export function setIoPriority(pid: number, ioClass: number, level: number): void {
  syscall('ioprio_set', IOPRIO_WHO_PROCESS, pid, (ioClass << IOPRIO_CLASS_SHIFT) | level);
}

// One bit for each CPU that a kernel can be built for (CONFIG_NR_CPUS).
const CPU_BYTES = 8192 / 8;

/** Keeps the calling thread to some CPUs, one bit for each, as far as its cgroup allows. Source: sched_setaffinity(2). */
export function setCpuAffinity(cpus: Uint8Array): void {
  syscall('sched_setaffinity', 0, cpus.length, cpus);
}

/** Lets the calling thread run on every CPU that its cgroup allows; false when it may not. */
export function tryAllowAllCpus(): boolean {
  return trySyscall('sched_setaffinity', 0, CPU_BYTES, new Uint8Array(CPU_BYTES).fill(0xff)) >= 0;
}

/** Source: personality(2). The persona stays across execve. */
export function setPersonality(persona: number): void {
  syscall('personality', persona);
}

/**
 * The NUMA policy of the calling thread, which stays across execve: mode and MPOL_F_* flags in one number, and one bit
 * for each node. Source: set_mempolicy(2).
 */
export function setMemoryPolicy(mode: number, nodes: Uint8Array): void {
  // The kernel looks at one bit less than it is told.
  syscall('set_mempolicy', mode, nodes.length === 0 ? null : nodes, nodes.length * 8 + 1);
}
