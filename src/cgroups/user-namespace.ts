// Runs on the host.
import { readFile } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { log } from '../log.ts';

/**
 * Sets the rules for devices, which only the root of the host may. Root of a user namespace goes on without, as runc
 * does: it can make no device node, and what it was given of the host's is no less the host's to guard.
 */
export function whereAllowed(setRules: () => void): void {
  try {
    setRules();
  } catch (thrown) {
    if (!failedWith(thrown, 'EPERM') || isHost(readFile('/proc/self/uid_map'))) throw thrown;
    log.debug(`left out in a user namespace: ${(thrown as Error).message}`);
  }
}

/** Whether a uid_map is that of the first user namespace, which maps every ID to itself. */
function isHost(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}
