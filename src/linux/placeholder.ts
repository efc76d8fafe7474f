import { cloneChain } from './clone.ts';
import { PR_SET_PDEATHSIG } from './prctl.ts';
import { openPidfd, SIGKILL, signalPidfd } from './signal.ts';
import { waitForExit } from './wait.ts';

/** A process that does nothing but be there, until it is ended or this one ends. */
export class Placeholder implements Disposable {
  readonly pid: number;
  #ended = false;

  constructor() {
    this.pid = cloneChain([], () => [
      ['prctl', PR_SET_PDEATHSIG, SIGKILL],
      ['ppoll', 0, 0, 0, 0, 0],
      ['exit_group', 0],
    ]);
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    using pidfd = openPidfd(this.pid);
    if (pidfd !== undefined) signalPidfd(pidfd, SIGKILL);
    waitForExit(this.pid);
  }
}
