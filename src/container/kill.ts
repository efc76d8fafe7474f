import { reopenCgroup } from '../cgroups/open.ts';
import { RuntimeError } from '../errors.ts';
import { openPidfd, SIGKILL, signalPidfd } from '../linux/signal.ts';
import { hasNew } from '../spec/query.ts';
import type { KillOptions } from './options.ts';
import { statusOf } from './status.ts';
import { type ContainerRecord, readRecord } from './store.ts';

/** The `kill` command: a signal for the container's init, or for every process of it. */
export function kill(options: KillOptions): void {
  const record = readRecord(options);
  const notRunning = new RuntimeError('container not running', { code: 'NOT_RUNNING' });
  // Opened before the status is asked for: from then on it means no other process.
  using init = openPidfd(record.init_process_pid);
  const status = statusOf(options, record);
  const signal = status === 'created' && ends(options.signal) ? SIGKILL : options.signal;
  // The whole cgroup where init is not all there is to end, or where it has to be thawed for that.
  if (options.all || (signal === SIGKILL && (sharesPids(record) || status === 'paused'))) {
    reopenCgroup(record.cgroup_paths).kill(signal);
    if (status === 'stopped' && !options.all) throw notRunning;
    return;
  }
  if (status === 'stopped' || init === undefined || !signalPidfd(init, signal)) throw notRunning;
}

/** 0, which is no signal, and CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH: their default action ends nobody. Source: signal(7). */
const HARMLESS = [0, 17, 18, 19, 20, 21, 22, 23, 28];

/** Whether a signal is to end a created container, whose init has no handlers: the kernel spares a pid 1 without. */
function ends(signal: number): boolean {
  return !HARMLESS.includes(signal);
}

/** Without a pid namespace of its own the other processes of a container survive the end of its init. */
export function sharesPids({ config }: ContainerRecord): boolean {
  return !hasNew(config, 'pid');
}
