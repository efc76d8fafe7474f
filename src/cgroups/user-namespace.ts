// Runs on the host.
import { failedWith } from '../linux/path.ts';
import { isFirstUserNamespace } from '../linux/user-namespace.ts';
import { log } from '../log.ts';

/**
 * Sets the rules for devices, which only the root of the host may. Root of a user namespace goes on without, as runc
 * does: it can make no device node, and what it was given of the host's is no less the host's to guard.
 */
export function whereAllowed(setRules: () => void): void {
  try {
    setRules();
  } catch (thrown) {
    if (!failedWith(thrown, 'EPERM') || isFirstUserNamespace()) throw thrown;
    log.debug(`left out in a user namespace: ${(thrown as Error).message}`);
  }
}
