import type { Document, Scheduler } from '../config.ts';
import { MAX_NODES, parseIdList } from '../id-list.ts';
import type { Report, Rule } from './rule.ts';

const MIN_NICE = -20;
const MAX_NICE = 19;
const MAX_PRIORITY = 99;

function isRealtime({ policy }: Scheduler): boolean {
  return policy === 'SCHED_FIFO' || policy === 'SCHED_RR';
}

function scheduler({ process }: Document, report: Report): void {
  const scheduler = process?.scheduler;
  if (!scheduler) return;
  const { policy, nice = 0, priority = 0, flags = [] } = scheduler;
  const field = 'process.scheduler';
  if (nice < MIN_NICE || nice > MAX_NICE) {
    report(`${field}.nice`, `must be an integer from ${MIN_NICE} to ${MAX_NICE}, found ${nice}`);
  }
  if (isRealtime(scheduler)) {
    const isKept = flags.includes('SCHED_FLAG_KEEP_PARAMS');
    if (!isKept && (priority < 1 || priority > MAX_PRIORITY)) {
      report(
        `${field}.priority`,
        `must be an integer from 1 to ${MAX_PRIORITY} with ${policy}, found ${priority}`,
      );
    }
  } else if (priority !== 0) {
    report(`${field}.priority`, `is for SCHED_FIFO and SCHED_RR, not for ${policy}`);
  }
  if (policy === 'SCHED_DEADLINE') return;
  for (const key of ['runtime', 'deadline', 'period'] as const) {
    if (scheduler[key]) report(`${field}.${key}`, `is for SCHED_DEADLINE, not for ${policy}`);
  }
}

function execCPUAffinity({ process }: Document, report: Report): void {
  for (const key of ['initial', 'final'] as const) {
    const list = process?.execCPUAffinity?.[key];
    if (list?.trim() && !parseIdList(list)) {
      report(
        `process.execCPUAffinity.${key}`,
        `must be a list of CPUs such as "0-3,7", found ${JSON.stringify(list)}`,
      );
    }
  }
}

function memoryPolicy({ linux }: Document, report: Report): void {
  const policy = linux?.memoryPolicy;
  if (!policy) return;
  const { mode, flags = [] } = policy;
  const nodes = policy.nodes?.trim();
  const field = 'linux.memoryPolicy';
  const ranges = nodes ? parseIdList(nodes) : [];
  if (ranges === undefined) {
    report(`${field}.nodes`, `must be a list of nodes such as "0-3,7", found ${JSON.stringify(nodes)}`);
  } else if (ranges.some(([, last]) => last >= MAX_NODES)) {
    report(`${field}.nodes`, `must not have nodes above ${MAX_NODES - 1}, found ${JSON.stringify(nodes)}`);
  }
  if (mode === 'MPOL_DEFAULT' || mode === 'MPOL_LOCAL') {
    if (nodes) report(`${field}.nodes`, `must be empty with ${mode}`);
  } else if (!nodes && mode !== 'MPOL_PREFERRED') {
    report(`${field}.nodes`, `is missing: ${mode} needs it`);
  }
  if (flags.includes('MPOL_F_STATIC_NODES') && flags.includes('MPOL_F_RELATIVE_NODES')) {
    report(`${field}.flags`, 'must not have both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES');
  }
}

/** The specification defines no flag yet: whatever is there cannot be carried out. */
function personality({ linux }: Document, report: Report): void {
  const flag = linux?.personality?.flags?.[0];
  if (flag !== undefined) report('linux.personality.flags[0]', `is unknown: ${JSON.stringify(flag)}`);
}

export const schedulingRules: readonly Rule[] = [scheduler, execCPUAffinity, memoryPolicy, personality];
