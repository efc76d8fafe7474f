import { fitTerminal, resizeTerminal } from '../../console/caller-terminal.ts';
import { relay } from '../../console/relay.ts';
import { RuntimeError } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { openPidfd, signalNumber, signalPidfd } from '../../linux/signal.ts';
import { waitForAnyExit } from '../../linux/wait-async.ts';

/** All but what nobody can catch, what tells this process of its children, and what engines use themselves. */
const forwarded = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTRAP',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGWINCH',
  'SIGIO',
  'SIGSYS',
] as const;

/** Where signals go; those that come before there is a process are kept for it. */
export interface Forward {
  target: Fd | undefined;
  kept: number[];
  /** With a terminal for the program: its master end. */
  master: Fd | undefined;
}

/** From now on signals are for the container's program, not for this process. */
export function forwardSignals(): Forward {
  const forward: Forward = { target: undefined, kept: [], master: undefined };
  for (const name of forwarded) {
    process.on(name, () => {
      const signal = signalNumber(name) as number;
      if (name === 'SIGWINCH' && forward.master !== undefined) resizeTerminal(forward.master);
      else if (forward.target === undefined) forward.kept.push(signal);
      else signalPidfd(forward.target, signal);
    });
  }
  return forward;
}

/** Takes the master end of the program's terminal, before that runs; a change of size is passed on as that. */
export function takeTerminal(forward: Forward, master: Fd): void {
  fitTerminal(master);
  forward.master = master;
}

/**
 * Waits for the end of the container's program and passes on every signal meanwhile. Returns its exit status,
 * or 128 plus the signal that ended it. Processes that were orphaned to this one are reaped on the way. The program's
 * terminal, if it has one, is copied from and to the caller's streams.
 */
export async function waitInForeground(pid: number, forward: Forward): Promise<number> {
  const { master } = forward;
  const relayed = master === undefined ? undefined : relayTerminal(master, pid);
  const [status] = await Promise.all([waitFor(pid, forward), relayed]);
  return status;
}

/** Who has put this process in the background finds it stopped as soon as it needs the caller's terminal. */
async function relayTerminal(master: Fd, pid: number): Promise<void> {
  using init = openPidfd(pid);
  if (init === undefined) return;
  for (const name of ['SIGTTIN', 'SIGTTOU'] as const) process.removeAllListeners(name);
  await relay(master, init);
}

async function waitFor(pid: number, forward: Forward): Promise<number> {
  using init = openPidfd(pid);
  forward.target = init;
  if (init !== undefined) for (const signal of forward.kept) signalPidfd(init, signal);
  for (;;) {
    const ended = await waitForAnyExit();
    if (ended.pid === pid) return ended.status;
    if (ended.pid < 0)
      throw new RuntimeError('the container has ended, and its status is lost', { code: 'INIT_DEAD' });
  }
}
