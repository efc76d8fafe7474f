import { RuntimeError } from '../errors.ts';
import { openPidfd } from '../linux/signal.ts';
import { releaseStart } from '../protocol/exec-fifo.ts';
import type { ContainerOptions } from './options.ts';
import { statusOf } from './status.ts';
import { fifoPath, lock, readRecord } from './store.ts';

const refusals: Partial<Record<string, string>> = {
  creating: 'cannot start a container that is being created',
  running: 'cannot start an already running container',
  paused: 'cannot start a paused container',
  stopped: 'cannot start a container that has stopped',
};

/** The `start` command: lets the program of a created container run. */
export function start(options: ContainerOptions): void {
  using _lock = lock(options);
  const record = readRecord(options);
  // Opened first: what the status says is then about the process that the pidfd means.
  using init = openPidfd(record.init_process_pid);
  const refusal = refusals[statusOf(options, record)];
  if (refusal !== undefined || init === undefined) {
    throw new RuntimeError(refusal ?? (refusals.stopped as string), { code: 'BAD_STATUS' });
  }
  releaseStart(fifoPath(options), init);
}
