import { syscall, trySyscall } from './syscall.ts';

/** A descriptor and its owner: `using` closes it at the end of the block, `release` gives it away. */
export class Fd implements Disposable {
  #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  get number(): number {
    return this.#number;
  }

  /** Hands the descriptor over: it is no longer closed here. */
  release(): number {
    const number = this.#number;
    this.#number = -1;
    return number;
  }

  close(): void {
    if (this.#number >= 0) trySyscall('close', this.release());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Sets or clears close-on-exec; false when there is no such descriptor. */
export function setCloseOnExec(number: number, on: boolean): boolean {
  return trySyscall('fcntl', number, F_SETFD, on ? FD_CLOEXEC : 0) >= 0;
}

/** For fcntl(2): a descriptor of the same open file, not below a given number. */
export const F_DUPFD_CLOEXEC = 1030;

/** One more descriptor of the same open file; minus the errno when there can be none. */
export function tryDuplicate(fd: Fd): number {
  return trySyscall('fcntl', fd.number, F_DUPFD_CLOEXEC, 0);
}

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Makes reads and writes fail where they would wait, or wait again. It holds for all who share the open file. */
export function setNonBlocking(fd: Fd, on = true): void {
  const flags = syscall('fcntl', fd.number, F_GETFL, 0);
  syscall('fcntl', fd.number, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

export const CLOSE_RANGE_CLOEXEC = 4;

/** Marks every descriptor from `first` on close-on-exec (Linux 5.11). */
export function closeOnExecFrom(first: number): void {
  const failed = trySyscall('close_range', first, 0xffffffff, CLOSE_RANGE_CLOEXEC) < 0;
  if (!failed) return;
  for (let number = first; number < 65536; number++) setCloseOnExec(number, true);
}

const O_ACCMODE = 3;

/** Whether it is an open descriptor that can be written to. */
export function isWritable(number: number): boolean {
  const flags = trySyscall('fcntl', number, F_GETFL, 0);
  return flags >= 0 && (flags & O_ACCMODE) !== 0;
}
