import { RuntimeError } from '../errors.ts';
import { pause } from './pause.ts';
import { syscallError, trySyscall } from './syscall.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const EAGAIN = 11;
const PAUSE_MS = 5;
const TIMEOUT_MS = 30_000;

/**
 * Takes the exclusive lock of an open file or directory; it ends when the descriptor is closed. Whoever has it for
 * longer than half a minute is stuck: better an error than to be stuck too.
 */
export function lockFile(fd: number): void {
  for (let waited = 0; ; waited += PAUSE_MS) {
    const result = trySyscall('flock', fd, LOCK_EX | LOCK_NB);
    if (result >= 0) return;
    if (result !== -EAGAIN) throw syscallError('flock', -result);
    if (waited >= TIMEOUT_MS) break;
    pause(PAUSE_MS);
  }
  throw new RuntimeError(`another command has had the container for ${TIMEOUT_MS / 1000} seconds`, {
    code: 'LOCKED',
    hint: 'look for a trunc that hangs, on a network filesystem for example',
  });
}
