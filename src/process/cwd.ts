// Runs in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { failedWith, O_DIRECTORY, O_PATH, openInRoot } from '../linux/path.ts';
import { syscall } from '../linux/syscall.ts';

/**
 * Changes to process.cwd. Opened in the root by the kernel, it cannot be a descriptor of ours or anything
 * else outside (CVE-2024-21626). Returns false when the present user may not enter it: the program's may.
 */
export function enterCwd(root: Fd, cwd: string): boolean {
  return within(
    `process.cwd: change to ${cwd}`,
    () => {
      try {
        using directory = openInRoot(root, cwd, O_PATH | O_DIRECTORY);
        syscall('fchdir', directory.number);
        return true;
      } catch (error) {
        if (failedWith(error, 'EACCES', 'EPERM')) return false;
        throw error;
      }
    },
    { code: 'CWD', field: 'process.cwd' },
  );
}
