// Runs in the container's namespaces.
import { Fd, setCloseOnExec } from '../linux/fd.ts';
import { O_PATH, O_RDWR, tryOpenInRoot } from '../linux/path.ts';
import { isNullDevice, statusOf, tryStatusOf } from '../linux/stat.ts';
import { syscall, trySyscall } from '../linux/syscall.ts';

const STDIO = [0, 1, 2];

/** Where a standard stream is the host's /dev/null, puts the container's own in its place, if it has a real one. */
export function reopenNull(root: Fd, proc: Fd): void {
  const streams = STDIO.filter((fd) => {
    const status = tryStatusOf(fd);
    return status !== undefined && isNullDevice(status);
  });
  if (streams.length === 0) return;
  const number = tryOpenInRoot(root, '/dev/null', O_PATH);
  if (number < 0) return;
  using handle = new Fd(number);
  if (!isNullDevice(statusOf(handle))) return;
  using device = new Fd(syscall('openat', proc.number, `self/fd/${handle.number}`, O_RDWR, 0));
  for (const fd of streams) syscall('dup3', device.number, fd, 0);
}

/** Lets the program's user open its own streams again through /dev/stdout; the null device stays everybody's. */
export function giveStdio(uid: number): void {
  for (const fd of STDIO) {
    const status = tryStatusOf(fd);
    if (status === undefined || status.uid === uid || isNullDevice(status)) continue;
    // It may fail: read-only, of another user namespace, or of a kind that has no owner.
    trySyscall('fchown', fd, uid, status.gid);
  }
}

/** Node.js marks the standard streams close-on-exec: the program would find them closed. */
export function keepStdio(): void {
  for (const fd of STDIO) setCloseOnExec(fd, false);
}
