import { log } from '../log.ts';
import { syscallError, trySyscall } from './syscall.ts';

const KEYCTL_JOIN_SESSION_KEYRING = 1;
const ENOSYS = 38;

/**
 * Joins a session keyring of that name, a new one if there is none, so that the caller's keys stay the caller's.
 * A used-up quota (kernel.keys.maxkeys) is no reason not to run: a warning says so.
 */
export function joinSessionKeyring(name: string): void {
  const result = trySyscall('keyctl', KEYCTL_JOIN_SESSION_KEYRING, name);
  if (result >= 0 || result === -ENOSYS) return;
  log.warning(
    `the container stays in the session keyring of its caller: ${syscallError('keyctl', -result).reason}`,
  );
}
