import type { Document, Process, Scheduler } from '../config.ts';
import { listProblem, MAX_CPU } from './number-list.ts';
import type { Report, Rule } from './rule.ts';

type Key = 'priority' | 'runtime' | 'deadline' | 'period';

const FIELD = 'process.scheduler';
const MIN_NICE = -20;
const MAX_NICE = 19;
const MAX_PRIORITY = 99;
const NEEDED_BY: Readonly<Record<Key, string>> = {
  priority: 'SCHED_FIFO or SCHED_RR',
  runtime: 'SCHED_DEADLINE',
  deadline: 'SCHED_DEADLINE',
  period: 'SCHED_DEADLINE',
};

/**
 * The kernel would refuse, or silently drop, what belongs to another policy. A nice value is no harm: callers send one
 * with every policy.
 */
function foreign(scheduler: Scheduler, report: Report): void {
  for (const key of ['priority', 'runtime', 'deadline', 'period'] as const) {
    const needed = NEEDED_BY[key];
    if (!scheduler[key] || needed.split(' or ').includes(scheduler.policy)) continue;
    report(`${FIELD}.${key}`, `needs the policy ${needed}, found ${scheduler.policy}`);
  }
}

/** See sched_setattr(2). */
function scheduler({ process }: Document, report: Report): void {
  const scheduler = process?.scheduler;
  if (!scheduler) return;
  const { policy, nice = 0, priority = 0, flags = [] } = scheduler;
  const { runtime = 0, deadline = 0, period = deadline } = scheduler;
  foreign(scheduler, report);
  if (nice < MIN_NICE || nice > MAX_NICE)
    report(`${FIELD}.nice`, `must be from ${MIN_NICE} to ${MAX_NICE}, found ${nice}`);
  if (policy === 'SCHED_ISO') report(`${FIELD}.policy`, 'SCHED_ISO is not there in any Linux kernel');
  const isRealtime = policy === 'SCHED_FIFO' || policy === 'SCHED_RR';
  const isKept = flags.includes('SCHED_FLAG_KEEP_PARAMS');
  if (isRealtime && !isKept && (priority < 1 || priority > MAX_PRIORITY))
    report(`${FIELD}.priority`, `must be from 1 to ${MAX_PRIORITY}, found ${priority}`);
  if (policy !== 'SCHED_DEADLINE') return;
  if (!runtime) report(`${FIELD}.runtime`, 'is missing: SCHED_DEADLINE needs it');
  if (!deadline) report(`${FIELD}.deadline`, 'is missing: SCHED_DEADLINE needs it');
  else if (runtime > deadline)
    report(`${FIELD}.runtime`, `must not be above deadline, found ${runtime} above ${deadline}`);
  if (period !== 0 && deadline > period)
    report(`${FIELD}.deadline`, `must not be above period, found ${deadline} above ${period}`);
}

function affinity({ process }: Document, report: Report): void {
  const affinity: Process['execCPUAffinity'] = process?.execCPUAffinity;
  for (const key of ['initial', 'final'] as const) {
    const list = affinity?.[key];
    const problem = list?.trim() && listProblem(list.trim().replace(/ *, */g, ','), MAX_CPU);
    if (problem) report(`process.execCPUAffinity.${key}`, problem);
  }
}

export const schedulingRules: readonly Rule[] = [scheduler, affinity];
