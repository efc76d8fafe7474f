import { reopenCgroup } from '../cgroups/open.ts';
import { exists } from '../linux/file.ts';
import { processStat } from '../linux/proc.ts';
import type { ContainerOptions } from './options.ts';
import { type ContainerRecord, fifoPath } from './store.ts';

/** The specification's four, and paused. */
export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** Whether the very process of the record still runs: a pid alone may belong to another one by now. */
export function isAlive({ init_process_pid: pid, init_process_start: start }: ContainerRecord): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.startTime === start && stat.state !== 'Z' && stat.state !== 'X';
}

/** A container has no other state than these facts. */
export function statusOf(options: ContainerOptions, record: ContainerRecord): Status {
  if (!isAlive(record)) return 'stopped';
  if (record.creating) return 'creating';
  if (reopenCgroup(record.cgroup_paths).frozen()) return 'paused';
  return exists(fifoPath(options)) ? 'created' : 'running';
}
