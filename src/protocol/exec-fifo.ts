// Runs on the host (create, release) and in the container's namespaces (wait).
import { RuntimeError } from '../errors.ts';
import { Fd } from '../linux/fd.ts';
import { removeFile } from '../linux/file.ts';
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY } from '../linux/path.ts';
import { poll } from '../linux/poll.ts';
import { syscall } from '../linux/syscall.ts';

const FIFO_MODE = 0o10622;

/** Makes the gate between create and start; returns a handle for init. */
export function createExecFifo(path: string): Fd {
  const mask = syscall('umask', 0);
  syscall('mknodat', AT_FDCWD, path, FIFO_MODE, 0);
  syscall('umask', mask);
  return new Fd(syscall('openat', AT_FDCWD, path, O_PATH | O_CLOEXEC, 0));
}

/** Init's side: blocks until `start` opens the fifo for reading. `proc` is a handle of a trusted /proc. */
export function waitForStart(proc: Fd, fifo: number): void {
  // An O_PATH handle cannot be written to: it is opened anew, which works for whatever uid init has now.
  using gate = new Fd(syscall('openat', proc.number, `self/fd/${fifo}`, O_WRONLY | O_CLOEXEC, 0));
  syscall('write', gate.number, '0', 1);
}

/** The start command's side: lets init go on, which must be alive at the end; removes the fifo. */
export function releaseStart(path: string, init: Fd): void {
  using gate = new Fd(syscall('openat', AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0));
  const [opened, ended] = poll([gate.number, init.number]);
  const count = opened ? syscall('read', gate.number, new Uint8Array(1), 1) : 0;
  if (count === 0) {
    const reason = ended ? 'container init is dead' : 'exec fifo is empty';
    throw new RuntimeError(`cannot start the container: ${reason}`, { code: 'INIT_DEAD' });
  }
  removeFile(path);
}
