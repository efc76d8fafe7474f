import { reopenCgroup } from '../cgroups/open.ts';
import { RuntimeError } from '../errors.ts';
import type { ContainerOptions } from './options.ts';
import { statusOf } from './status.ts';
import { lock, readRecord } from './store.ts';

/** The `pause` command: stops every process of a container where it is. */
export function pauseContainer(options: ContainerOptions): void {
  using _lock = lock(options);
  const record = readRecord(options);
  const status = statusOf(options, record);
  if (status !== 'running' && status !== 'created') {
    throw new RuntimeError(`container not running: it is ${status}`, { code: 'NOT_RUNNING' });
  }
  reopenCgroup(record.cgroup_paths).freeze();
}

/** The `resume` command: lets a paused container go on. */
export function resumeContainer(options: ContainerOptions): void {
  using _lock = lock(options);
  const record = readRecord(options);
  const status = statusOf(options, record);
  if (status !== 'paused') {
    throw new RuntimeError(`container not paused: it is ${status}`, { code: 'BAD_STATUS' });
  }
  reopenCgroup(record.cgroup_paths).thaw();
}
