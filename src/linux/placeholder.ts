import { callChain } from './call-chain.ts';
import { cloneChain } from './clone.ts';
import { Memory } from './memory.ts';
import { ALL_SIGNALS, openPidfd, SIGKILL, setSignalMask, signalPidfd } from './signal.ts';
import { waitForExit } from './wait.ts';

const PR_SET_PDEATHSIG = 1;
const MEMORY_SIZE = 1 << 15;

/** A process that does nothing but be there, until it is ended or this one ends. */
export class Placeholder implements Disposable {
  readonly pid: number;
  #ended = false;

  constructor() {
    const mask = setSignalMask(ALL_SIGNALS);
    try {
      const memory = new Memory(MEMORY_SIZE);
      const chain = callChain(memory, [
        ['prctl', PR_SET_PDEATHSIG, SIGKILL],
        ['ppoll', 0, 0, 0, 0, 0],
        ['exit_group', 0],
      ]);
      this.pid = cloneChain(memory, chain);
    } finally {
      setSignalMask(mask);
    }
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    using pidfd = openPidfd(this.pid);
    if (pidfd !== undefined) signalPidfd(pidfd, SIGKILL);
    waitForExit(this.pid);
  }
}
