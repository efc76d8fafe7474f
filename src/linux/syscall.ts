import { RuntimeError } from '../errors.ts';
import { EINTR } from './errno.ts';
import { type Argument, ffi } from './ffi.ts';
import { type SyscallName, syscallNumber } from './syscall-numbers.ts';

/** What is known of a failure. */
export interface Failure {
  syscall: SyscallName;
  /** Symbolic, such as `ENOENT`. */
  errno: string;
  /** What the kernel says, such as "no such file or directory". */
  reason: string;
  /** The file or process that it was about. */
  subject?: string | undefined;
}

/** A system call that failed. The message says what the kernel said, the caller's context what was tried. */
export class SyscallError extends RuntimeError {
  readonly reason: string;

  constructor({ syscall, errno, reason, subject }: Failure) {
    super(`${subject ?? syscall}: ${reason}`, { code: 'SYSCALL', errno });
    this.reason = reason;
  }
}

/** The kernel's names for errno values, where a decision or a message depends on them. */
const names: Record<number, string> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  8: 'ENOEXEC',
  9: 'EBADF',
  10: 'ECHILD',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  15: 'ENOTBLK',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  25: 'ENOTTY',
  26: 'ETXTBSY',
  27: 'EFBIG',
  28: 'ENOSPC',
  29: 'ESPIPE',
  30: 'EROFS',
  31: 'EMLINK',
  32: 'EPIPE',
  34: 'ERANGE',
  36: 'ENAMETOOLONG',
  38: 'ENOSYS',
  39: 'ENOTEMPTY',
  40: 'ELOOP',
  61: 'ENODATA',
  75: 'EOVERFLOW',
  87: 'EUSERS',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
  104: 'ECONNRESET',
  111: 'ECONNREFUSED',
  122: 'EDQUOT',
  126: 'ENOKEY',
};

// One declaration serves every system call: each declaration costs start-up time, and a raw call acts on
// the calling thread alone, where libc's setuid and its kin signal all threads of the engine.
export interface RawCall {
  (number: number, ...args: Argument[]): number;
  // biome-ignore lint/suspicious/noExplicitAny: the arguments and, behind them, koffi's callback
  async(...args: any[]): void;
}
const declared: { raw?: RawCall; strerror?: (errno: number) => string } = {};

/** libc's syscall() itself. */
export function rawCall(): RawCall {
  declared.raw ??= ffi().libc.func('syscall', 'long', ['long', ...Array(6).fill('void *')]) as RawCall;
  return declared.raw;
}

/** What libc says an errno means, lower case. */
export function errnoText(errno: number): string {
  declared.strerror ??= ffi().libc.func('strerror', 'const char *', ['int']) as (errno: number) => string;
  return declared.strerror(errno).toLowerCase();
}

/** Makes a system call; returns its result, or minus the errno. Repeats it when a signal interrupts it. */
export function trySyscall(name: SyscallName, ...args: Argument[]): number {
  const call = rawCall();
  const number = syscallNumber(name);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  for (;;) {
    const result = call(number, a, b, c, d, e, f);
    if (result !== -1) return result;
    const errno = ffi().koffi.errno();
    // An interrupted close has closed: a second one could hit another file of that number.
    if (errno !== EINTR || name === 'close') return -errno;
  }
}

/** Makes a system call; throws SyscallError when it fails. */
export function syscall(name: SyscallName, ...args: Argument[]): number {
  const result = trySyscall(name, ...args);
  if (result < 0) throw syscallError(name, -result);
  return result;
}

/** The error of a failed system call; `subject` is the file or process that it was about. */
export function syscallError(syscall: SyscallName, errno: number, subject?: string): SyscallError {
  return new SyscallError({
    syscall,
    errno: names[errno] ?? `errno ${errno}`,
    reason: errnoText(errno),
    subject,
  });
}
