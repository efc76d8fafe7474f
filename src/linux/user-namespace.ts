import { cloneChain } from './clone.ts';
import { effectiveUser } from './credentials.ts';
import type { Fd } from './fd.ts';
import { readFile } from './file.ts';
import { O_RDONLY, openPath } from './path.ts';
import { openPipe } from './pipe.ts';
import { waitForExit } from './wait.ts';

/**
 * Makes a user namespace that only its descriptor keeps: a process that lives there waits until `writeMaps` has written
 * its maps, and ends.
 */
export function makeUserNamespace(writeMaps: (pid: number) => void): Fd {
  const pipe = openPipe();
  using read = pipe.read;
  using write = pipe.write;
  // It ends when the other end of the pipe is closed.
  const pid = cloneChain(['user'], (memory) => [
    ['close', write.number],
    ['read', read.number, memory.take(1), 1],
    ['exit_group', 0],
  ]);
  try {
    writeMaps(pid);
    return openPath(`/proc/${pid}/ns/user`, O_RDONLY);
  } finally {
    write.close();
    waitForExit(pid);
  }
}

/** Whether this process is root outside of every user namespace: an ordinary user is not, nor is who became root in one. */
export function isHostRoot(): boolean {
  return effectiveUser() === 0 && isFirstUserNamespace();
}

/** Whether this process is in the first user namespace, which maps every id to itself. Source: user_namespaces(7). */
export function isFirstUserNamespace(): boolean {
  known.isFirst ??=
    readFile('/proc/self/uid_map').trim().split(' ').filter(Boolean).join(' ') === '0 0 4294967295';
  return known.isFirst;
}

/** Several parts of a command ask, and nothing that runs this code changes its user namespace. */
const known: { isFirst?: boolean } = {};
