import { syscall } from './syscall.ts';

const LOCK_EX = 2;

/** Waits for the exclusive lock of an open file or directory; it ends when the descriptor is closed. */
export function lockFile(fd: number): void {
  syscall('flock', fd, LOCK_EX);
}
