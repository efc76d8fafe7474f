import { callChain } from './call-chain.ts';
import { CLONE_VM, clone, SIGCHLD } from './clone.ts';
import type { Fd } from './fd.ts';
import { Memory } from './memory.ts';
import { CLONE_NEW } from './namespace.ts';
import { O_RDONLY, openPath } from './path.ts';
import { openPipe, type Pipe } from './pipe.ts';
import { ALL_SIGNALS, setSignalMask } from './signal.ts';
import { waitForExit } from './wait.ts';

const MEMORY_SIZE = 1 << 15;

/**
 * Makes a user namespace that only its descriptor keeps: a process that lives there waits until `writeMaps` has written
 * its maps, and ends.
 */
export function makeUserNamespace(writeMaps: (pid: number) => void): Fd {
  const pipe = openPipe();
  using read = pipe.read;
  using write = pipe.write;
  const pid = startWaiting({ read, write });
  try {
    writeMaps(pid);
    return openPath(`/proc/${pid}/ns/user`, O_RDONLY);
  } finally {
    write.close();
    waitForExit(pid);
  }
}

/** A process in a new user namespace that ends when the other end of the pipe is closed. */
function startWaiting({ read, write }: Pipe): number {
  const memory = new Memory(MEMORY_SIZE);
  const chain = callChain(memory, [
    ['close', write.number],
    ['read', read.number, memory.take(1), 1],
    ['exit_group', 0],
  ]);
  // A handler of the engine must not run in it.
  const mask = setSignalMask(ALL_SIGNALS);
  try {
    return clone(memory, CLONE_NEW.user | CLONE_VM | SIGCHLD, chain);
  } finally {
    setSignalMask(mask);
  }
}
