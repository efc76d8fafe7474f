import { reopenCgroup } from '../cgroups/open.ts';
import { RuntimeError } from '../errors.ts';
import { openPidfd, SIGKILL, signalPidfd } from '../linux/signal.ts';
import { namespaceOf } from '../spec/query.ts';
import type { KillOptions } from './options.ts';
import { statusOf } from './status.ts';
import { type ContainerRecord, readRecord } from './store.ts';

/** The `kill` command: a signal for the container's init, or for every process of it. */
export function kill(options: KillOptions): void {
  const record = readRecord(options);
  const notRunning = new RuntimeError('container not running', { code: 'NOT_RUNNING' });
  // Opened before the status is asked for: from then on it means no other process.
  using init = openPidfd(record.init_process_pid);
  const isStopped = statusOf(options, record) === 'stopped';
  if (options.all || (options.signal === SIGKILL && sharesPids(record))) {
    reopenCgroup(record.cgroup_paths).kill(options.signal);
    if (isStopped && !options.all) throw notRunning;
    return;
  }
  if (isStopped || init === undefined || !signalPidfd(init, options.signal)) throw notRunning;
}

/** Without a pid namespace of its own the other processes of a container survive the end of its init. */
export function sharesPids({ config }: ContainerRecord): boolean {
  const namespace = namespaceOf(config, 'pid');
  return namespace === undefined || Boolean(namespace.path);
}
