import { becomeSubreaper } from '../linux/prctl.ts';
import { type Created, createWith } from './create.ts';
import { deleteContainer, removeGroups } from './delete.ts';
import { forwardSignals, waitInForeground } from './foreground.ts';
import type { RunOptions } from './options.ts';
import { findRecord, isThere, lock, removeRecord } from './store.ts';

/** The `run` command: create and start in one; returns the program's exit status, 0 when detached. */
export async function run(options: RunOptions): Promise<number> {
  // Before there is a container: a signal that comes meanwhile must not end this process without it.
  const forward = options.detach ? undefined : forwardSignals();
  if (!options.detach && !options.noSubreaper) becomeSubreaper();
  // No exec.fifo: nobody but this process can give the permission to start.
  const created = createWith(options, { fifo: false });
  try {
    // The connection ends with execve; until then init may still report why there was none.
    created.init.channel.receiveEnd();
  } catch (error) {
    deleteContainer({ ...options, force: true });
    throw error;
  }
  if (forward === undefined) return 0;
  const status = await waitInForeground(created.init.pid, forward);
  if (!options.keep) remove(options, created);
  return status;
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
