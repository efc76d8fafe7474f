import { Fd } from './fd.ts';
import { syscall, trySyscall } from './syscall.ts';

const EFD_CLOEXEC = 0o2000000;
const IN_CLOEXEC = 0o2000000;
const IN_NONBLOCK = 0o4000;
const IN_MODIFY = 0x02;
const BUFFER_SIZE = 4096;

/** A counter that the kernel raises when something happens. Source: eventfd(2). */
export function openEventCounter(): Fd {
  return new Fd(syscall('eventfd2', 0, EFD_CLOEXEC | IN_NONBLOCK));
}

/** A descriptor that is readable when the file at `path` has changed. Source: inotify(7). */
export function watchFile(path: string): Fd {
  const watch = new Fd(syscall('inotify_init1', IN_CLOEXEC | IN_NONBLOCK));
  try {
    syscall('inotify_add_watch', watch.number, path, IN_MODIFY);
    return watch;
  } catch (error) {
    watch.close();
    throw error;
  }
}

/** Reads what has been noticed, if anything, so that the descriptor is readable again only when there is more. */
export function takeNotice(watch: Fd): void {
  trySyscall('read', watch.number, new Uint8Array(BUFFER_SIZE), BUFFER_SIZE);
}
