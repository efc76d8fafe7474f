import { becomeSubreaper } from '../linux/prctl.ts';
import { createWith } from './create.ts';
import { deleteContainer } from './delete.ts';
import { waitInForeground } from './foreground.ts';
import type { RunOptions } from './options.ts';

/** The `run` command: create and start in one; returns the program's exit status, 0 when detached. */
export async function run(options: RunOptions): Promise<number> {
  if (!options.detach && !options.noSubreaper) becomeSubreaper();
  // No exec.fifo: nobody but this process can give the permission to start.
  const { init } = createWith(options, { fifo: false });
  try {
    init.channel.receiveEnd();
  } catch (error) {
    deleteContainer({ ...options, force: true });
    throw error;
  }
  if (options.detach) return 0;
  const status = await waitInForeground(init.pid);
  if (!options.keep) deleteContainer({ ...options, force: true });
  return status;
}
