import { becomeSubreaper } from '../linux/prctl.ts';
import { type Created, createWith } from './create.ts';
import { deleteContainer, removeCgroup } from './delete.ts';
import { waitInForeground } from './foreground.ts';
import type { RunOptions } from './options.ts';
import { removeRecord } from './store.ts';

/** The `run` command: create and start in one; returns the program's exit status, 0 when detached. */
export async function run(options: RunOptions): Promise<number> {
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
  if (options.detach) return 0;
  const status = await waitInForeground(created.init.pid);
  if (!options.keep) remove(options, created);
  return status;
}

/** As the `delete` command, of what this process knows has ended. Somebody else may have done it already. */
function remove(options: RunOptions, { cgroup, record }: Created): void {
  removeCgroup(cgroup, record);
  removeRecord(options);
}
