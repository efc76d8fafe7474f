// Runs on the host.
import { failedWith } from '../linux/path.ts';
import { isHostRoot } from '../linux/user-namespace.ts';
import { log } from '../log.ts';

/**
 * Does what only the root of the host may: rules for devices, or another owner. An ordinary user, or root of a user
 * namespace, goes on without, as with runc: it can make no device node, and what it was given of the host's is no less
 * the host's to guard.
 */
export function whereAllowed(action: () => void): void {
  try {
    action();
  } catch (thrown) {
    if (!failedWith(thrown, 'EPERM', 'EACCES') || isHostRoot()) throw thrown;
    log.debug(`left out without privileges: ${(thrown as Error).message}`);
  }
}
