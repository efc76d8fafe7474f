// Runs in the container's namespaces and on the host.
import { RuntimeError } from '../errors.ts';
import { closeOnExecFrom, setCloseOnExec } from '../linux/fd.ts';
import { readLink } from '../linux/file.ts';

const FIRST = 3;

/** Makes the descriptors that are the program's survive the next execve, and those alone. */
export function passDescriptors(count: number): void {
  closeOnExecFrom(FIRST);
  for (let number = FIRST; number < FIRST + count; number++) setCloseOnExec(number, false);
}

/** Refuses a promise of descriptors that the caller has not kept: the engine's own would be passed instead. */
export function checkDescriptors({
  listenFds,
  preserveFds,
}: {
  listenFds: number;
  preserveFds: number;
}): void {
  const count = listenFds + preserveFds;
  for (let number = FIRST; number < FIRST + count; number++) {
    const target = targetOf(number);
    if (target !== undefined && !/^anon_inode:\[(?:eventpoll|eventfd|io_uring)\]$/.test(target)) continue;
    const field = number < FIRST + listenFds ? '$LISTEN_FDS' : '--preserve-fds';
    throw new RuntimeError(`${field}: descriptor ${number} is not open`, {
      code: 'BAD_DESCRIPTOR',
      field,
      hint: `descriptors ${FIRST} to ${FIRST + count - 1} must be given to trunc`,
    });
  }
}

function targetOf(number: number): string | undefined {
  try {
    return readLink(`/proc/self/fd/${number}`);
  } catch {
    return undefined;
  }
}
