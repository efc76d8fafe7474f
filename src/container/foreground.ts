import { openPidfd, signalNumber, signalPidfd } from '../linux/signal.ts';
import { waitForAnyExit } from '../linux/wait-async.ts';

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

/**
 * Waits for the end of the container's program and passes on every signal meanwhile. Returns its exit status,
 * or 128 plus the signal that ended it. Processes that were orphaned to this one are reaped on the way.
 */
export async function waitInForeground(pid: number): Promise<number> {
  using init = openPidfd(pid);
  for (const name of forwarded)
    process.on(name, () => init && signalPidfd(init, signalNumber(name) as number));
  for (;;) {
    const ended = await waitForAnyExit();
    if (ended.pid === pid) return ended.status;
  }
}
