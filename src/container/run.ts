import type { Fd } from '../linux/fd.ts';
import { becomeSubreaper } from '../linux/prctl.ts';
import { SIGSYS } from '../linux/signal.ts';
import { SIGNALLED } from '../linux/wait.ts';
import { log } from '../log.ts';
import { forwardSignals, takeTerminal, waitInForeground } from './caller/foreground.ts';
import { awaitReady, passAll } from './caller/notify-socket.ts';
import { createWith } from './create.ts';
import { deleteFailed, deleteOwn } from './delete.ts';
import { runHostHooks } from './host-hooks.ts';
import type { RunOptions } from './options.ts';
import { awaitProgram } from './process/listener.ts';

const KILLED_BY_FILTER = SIGNALLED + SIGSYS;

/** The `run` command: create and start in one; returns the program's exit status, 0 when detached. */
export async function run(options: RunOptions): Promise<number> {
  // Before there is a container: a signal that comes meanwhile must not end this process without it.
  const forward = options.detach ? undefined : forwardSignals();
  if (!options.detach && !options.noSubreaper) becomeSubreaper();
  // No exec.fifo: nobody but this process can give the permission to start.
  const terminal = forward && ((master: Fd) => takeTerminal(forward, master));
  const { init, record, notify, refusals } = createWith(options, { fifo: false, terminal });
  let status: number;
  try {
    awaitProgram(init, record, { spec: record.config, status: () => 'created', refusals });
    runHostHooks(['poststart'], record, 'running');
    if (forward === undefined) {
      if (notify !== undefined) awaitReady(notify, init.pid);
      return 0;
    }
    const passed = notify && passAll(notify, init.pid);
    const watched = refusals?.watch(init.pid);
    [status] = await Promise.all([waitInForeground(init.pid, forward), passed, watched]);
    if (refusals !== undefined) status = refusals.end(status);
  } catch (error) {
    deleteFailed(options, record);
    throw error;
  }
  if (status === KILLED_BY_FILTER && record.config.linux?.seccomp !== undefined)
    log.warning('the container was ended by SIGSYS: for a system call that linux.seccomp does not allow');
  if (!options.keep) deleteOwn(options, record);
  return status;
}
