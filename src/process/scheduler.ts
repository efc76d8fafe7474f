// Runs on the host.
import { within } from '../errors.ts';
import { type SchedulerAttributes, setSchedulerAttributes } from '../linux/sched.ts';
import type { Scheduler } from '../spec/config.ts';

// Source: include/uapi/linux/sched.h; 4 is reserved for SCHED_ISO, which no kernel has yet.
const POLICIES = [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_ISO',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
];
/** In the order of their bits. */
const FLAGS = [
  'SCHED_FLAG_RESET_ON_FORK',
  'SCHED_FLAG_RECLAIM',
  'SCHED_FLAG_DL_OVERRUN',
  'SCHED_FLAG_KEEP_POLICY',
  'SCHED_FLAG_KEEP_PARAMS',
  'SCHED_FLAG_UTIL_CLAMP_MIN',
  'SCHED_FLAG_UTIL_CLAMP_MAX',
];

/** Pure. What is not set is 0, as the specification has it. */
export function planScheduler(scheduler: Scheduler): SchedulerAttributes {
  const { policy, flags = [], nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler;
  const bits = flags.reduce((mask, flag) => mask | (1 << FLAGS.indexOf(flag)), 0);
  return { policy: POLICIES.indexOf(policy), flags: bits, nice, priority, runtime, deadline, period };
}

const HINTS: Readonly<Partial<Record<Scheduler['policy'], string>>> = {
  SCHED_FIFO:
    'it takes CAP_SYS_NICE, and in a cgroup of version 1 a share of the realtime (linux.resources.cpu.realtimeRuntime)',
  SCHED_RR:
    'it takes CAP_SYS_NICE, and in a cgroup of version 1 a share of the realtime (linux.resources.cpu.realtimeRuntime)',
  SCHED_DEADLINE: 'it takes CAP_SYS_NICE, free realtime, and all CPUs: no linux.resources.cpu.cpus',
  SCHED_ISO: 'the kernel reserves this policy, but does not have it',
};

function hintFor({ policy, flags = [] }: Scheduler): string {
  if (flags.some((flag) => flag.startsWith('SCHED_FLAG_UTIL_CLAMP')))
    return 'SCHED_FLAG_UTIL_CLAMP_* take a kernel with CONFIG_UCLAMP_TASK';
  return HINTS[policy] ?? 'a nice value below 0 takes CAP_SYS_NICE';
}

/**
 * Sets process.scheduler, from the host: the privileges that it takes are the host's, a user namespace has none of
 * them. As late as possible, when init has nothing left to do but execve: a deadline task cannot even fork.
 */
export function setScheduler(pid: number, scheduler: Scheduler | undefined): void {
  if (scheduler === undefined) return;
  const field = 'process.scheduler';
  within(`${field}: set ${scheduler.policy}`, () => setSchedulerAttributes(pid, planScheduler(scheduler)), {
    code: 'PROCESS_SET',
    field,
    hint: hintFor(scheduler),
  });
}
