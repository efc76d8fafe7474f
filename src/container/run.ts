import { fitTerminal, resizeTerminal } from '../console/caller-terminal.ts';
import type { Fd } from '../linux/fd.ts';
import { becomeSubreaper } from '../linux/prctl.ts';
import { openPidfd } from '../linux/signal.ts';
import { type Created, createWith } from './create.ts';
import { deleteContainer, removeGroups } from './delete.ts';
import { type Forward, forwardSignals, shareTerminal, waitInForeground } from './foreground.ts';
import type { RunOptions } from './options.ts';
import { findRecord, isThere, lock, removeRecord } from './store.ts';

/** The `run` command: create and start in one; returns the program's exit status, 0 when detached. */
export async function run(options: RunOptions): Promise<number> {
  // Before there is a container: a signal that comes meanwhile must not end this process without it.
  const forward = options.detach ? undefined : forwardSignals();
  if (!options.detach && !options.noSubreaper) becomeSubreaper();
  // No exec.fifo: nobody but this process can give the permission to start.
  let master: Fd | undefined;
  const terminal = (fd: Fd): void => {
    fitTerminal(fd);
    master = fd;
  };
  const created = createWith(options, { fifo: false, terminal: options.detach ? undefined : terminal });
  let status: number;
  try {
    // The connection ends with execve; until then init may still report why there was none.
    created.init.channel.receiveEnd();
    if (forward === undefined) return 0;
    const { pid } = created.init;
    const relayed = master === undefined ? undefined : relayTerminal(master, pid, forward);
    [status] = await Promise.all([waitInForeground(pid, forward), relayed]);
  } catch (error) {
    deleteContainer({ ...options, force: true });
    throw error;
  }
  if (!options.keep) remove(options, created);
  return status;
}

async function relayTerminal(master: Fd, pid: number, forward: Forward): Promise<void> {
  using init = openPidfd(pid);
  if (init === undefined) return;
  shareTerminal(forward, () => resizeTerminal(master));
  const { relay } = await import('../console/relay.ts');
  await relay(master, init);
}

/** As the `delete` command. Somebody may have deleted it already, and made another one with the same ID. */
function remove(options: RunOptions, { cgroup, record }: Created): void {
  if (!isThere(options)) return;
  using _lock = lock(options);
  const found = findRecord(options);
  if (found?.init_process_pid !== record.init_process_pid) return;
  if (found.init_process_start !== record.init_process_start) return;
  removeGroups(cgroup, record);
  removeRecord(options);
}
