import { RuntimeError } from '../errors.ts';
import { EAGAIN } from './errno.ts';
import { readFile } from './file.ts';
import { pause } from './pause.ts';
import { processStat } from './proc.ts';
import { tryStatusOf } from './stat.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const PAUSE_MS = 5;
const TIMEOUT_MS = 30_000;

/** Whether this process descends from whoever has locked the file. Source: proc_locks(5). */
function isHeldByAncestor(fd: number): boolean {
  const inode = tryStatusOf(fd)?.inode;
  const lines = readFile('/proc/locks').matchAll(/^\d+: FLOCK .* (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /gm);
  const holders = [...lines].filter((line) => Number(line[2]) === inode).map((line) => Number(line[1]));
  for (let pid: number | undefined = process.pid; pid; pid = processStat(pid)?.parent)
    if (holders.includes(pid)) return true;
  return false;
}

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
    if (waited === 0 && isHeldByAncestor(fd)) {
      throw new RuntimeError('another command has the container, and waits for the hook that runs this one', {
        code: 'LOCKED',
        hint: 'in prestart and createRuntime hooks only state and list work for the container itself',
      });
    }
    pause(PAUSE_MS);
  }
  throw new RuntimeError(`another command has had the container for ${TIMEOUT_MS / 1000} seconds`, {
    code: 'LOCKED',
    hint: 'look for a trunc that hangs, on a network filesystem for example',
  });
}

/** Shares the lock of an open file, until the descriptor is closed. */
export function shareLock(fd: number): void {
  syscall('flock', fd, LOCK_SH);
}

/** Whether somebody has or shares the lock of an open file. */
export function isLocked(fd: number): boolean {
  return trySyscall('flock', fd, LOCK_EX | LOCK_NB) === -EAGAIN;
}
