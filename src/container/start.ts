import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { openPidfd } from '../linux/signal.ts';
import { endedTooSoon, releaseStart, takeLink, waitForProgram } from '../protocol/exec-fifo.ts';
import { isWatched, notifies } from '../spec/query.ts';
import { awaitReady, type Notify, openNotify } from './caller/notify-socket.ts';
import { deleteFailed } from './delete.ts';
import { runHostHooks } from './host-hooks.ts';
import type { ContainerOptions, NotifyOptions } from './options.ts';
import { passListener } from './process/listener.ts';
import { statusOf } from './status.ts';
import { type ContainerRecord, fifoPath, lock, readRecord } from './store.ts';

const refusals: Partial<Record<string, string>> = {
  creating: 'cannot start a container that is being created',
  running: 'cannot start an already running container',
  paused: 'cannot start a paused container',
  stopped: 'cannot start a container that has stopped',
};

/** The `start` command: lets the program of a created container run. */
export function start(options: NotifyOptions): void {
  const { record, gate, notify } = release(options);
  using _gate = gate;
  using _notify = notify;
  const listens = notifies(record.config.linux?.seccomp);
  if (isWatched(record.config, listens)) attendStart(options, record, { gate, listens });
  if (notify !== undefined) awaitReady(notify, record.init_process_pid);
}

interface Attended {
  gate: Fd;
  /** Whether there is a listener of linux.seccomp to be passed on. */
  listens: boolean;
}

/** What is between the permission to start and the program, and the poststart hooks. */
function attendStart(options: ContainerOptions, record: ContainerRecord, { gate, listens }: Attended): void {
  // Without the lock: hooks may call commands that need it, or hang until `delete --force`.
  try {
    const passed = !listens || passListenerOf(record, gate);
    waitForProgram(gate);
    if (!passed) throw endedTooSoon();
    runHostHooks(['poststart'], record, 'running');
  } catch (error) {
    deleteFailed(options, record);
    throw error;
  }
}

function passListenerOf(record: ContainerRecord, gate: Fd): boolean {
  const { init_process_pid: pid } = record;
  using init = openPidfd(pid);
  if (init === undefined) return false;
  using link = takeLink(gate, init);
  return passListener(link, record, { pid, status: () => 'created' });
}

interface Released {
  record: ContainerRecord;
  gate: Fd;
  notify: Notify | undefined;
}

function release(options: NotifyOptions): Released {
  using _lock = lock(options);
  const record = readRecord(options);
  // Opened first: what the status says is then about the process that the pidfd means.
  using init = openPidfd(record.init_process_pid);
  const refusal = refusals[statusOf(options, record)];
  if (refusal !== undefined || init === undefined) {
    throw new RuntimeError(refusal ?? (refusals.stopped as string), { code: 'BAD_STATUS' });
  }
  const notify = openNotify(options, record.config);
  return { record, gate: releaseStart(fifoPath(options), init), notify };
}
