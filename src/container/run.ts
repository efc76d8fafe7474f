import type { Fd } from '../linux/fd.ts';
import { becomeSubreaper } from '../linux/prctl.ts';
import { log } from '../log.ts';
import { endedTooSoon } from '../protocol/exec-fifo.ts';
import { START_HOOKS } from '../spec/hook-kinds.ts';
import { hasHooks } from '../spec/query.ts';
import { createWith } from './create.ts';
import { deleteFailed, deleteOwn } from './delete.ts';
import { forwardSignals, takeTerminal, waitInForeground } from './foreground.ts';
import { runHostHooks } from './host-hooks.ts';
import type { RunOptions } from './options.ts';
import type { Init } from './start-init.ts';
import type { ContainerRecord } from './store.ts';

/** 128 and SIGSYS. */
const KILLED_BY_FILTER = 159;

/** The `run` command: create and start in one; returns the program's exit status, 0 when detached. */
export async function run(options: RunOptions): Promise<number> {
  // Before there is a container: a signal that comes meanwhile must not end this process without it.
  const forward = options.detach ? undefined : forwardSignals();
  if (!options.detach && !options.noSubreaper) becomeSubreaper();
  // No exec.fifo: nobody but this process can give the permission to start.
  const terminal = forward && ((master: Fd) => takeTerminal(forward, master));
  const { init, record } = createWith(options, { fifo: false, terminal });
  let status: number;
  try {
    awaitProgram(init, record);
    runHostHooks(['poststart'], record, 'running');
    if (forward === undefined) return 0;
    status = await waitInForeground(init.pid, forward);
  } catch (error) {
    deleteFailed(options, record);
    throw error;
  }
  if (status === KILLED_BY_FILTER && record.config.linux?.seccomp !== undefined)
    log.warning('the container was ended by SIGSYS: for a system call that linux.seccomp does not allow');
  if (!options.keep) deleteOwn(options, record);
  return status;
}

/** The connection ends with execve; until then init may still report why there was none. */
function awaitProgram({ channel }: Init, { config }: ContainerRecord): void {
  if (hasHooks(config, ...START_HOOKS) && channel.receive('executing') === undefined) throw endedTooSoon();
  channel.receiveEnd();
}
