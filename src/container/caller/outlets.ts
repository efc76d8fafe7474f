import { openReceiver, type Receiver } from '../../console/socket.ts';
import { RuntimeError } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { openPidfd } from '../../linux/signal.ts';
import type { CreateOptions } from '../options.ts';
import { expect, type Init } from '../process/start-init.ts';

/** Where descriptors of a new container go. */
export interface Outlets {
  /** The master end of its terminal, with process.terminal. */
  terminal: ((master: Fd) => void) | undefined;
  /** A pidfd of init. */
  pidfd: Receiver | undefined;
}

type Sockets = Pick<CreateOptions, 'consoleSocket' | 'pidfdSocket'>;

/**
 * Connects to the sockets of the caller, before there is a container, and refuses a terminal that would lead
 * nowhere. `foreground` gets it instead of the --console-socket.
 */
export function openOutlets(
  { consoleSocket, pidfdSocket }: Sockets,
  hasTerminal: boolean,
  foreground: Outlets['terminal'],
): Outlets & Disposable {
  checkConsoleSocket(consoleSocket, hasTerminal, foreground !== undefined);
  const pidfd = pidfdSocket === undefined ? undefined : openReceiver('--pidfd-socket', pidfdSocket);
  const receiver = consoleSocket === undefined ? undefined : openReceiver('--console-socket', consoleSocket);
  const send = (master: Fd): void => {
    receiver?.send(master, '/dev/pts/ptmx');
    master.close();
  };
  return {
    terminal: hasTerminal ? (foreground ?? send) : undefined,
    pidfd,
    [Symbol.dispose]: () => {
      pidfd?.[Symbol.dispose]();
      receiver?.[Symbol.dispose]();
    },
  };
}

function checkConsoleSocket(path: string | undefined, hasTerminal: boolean, isForeground: boolean): void {
  const isNeeded = hasTerminal && !isForeground;
  if (isNeeded === (path !== undefined)) return;
  const details = { code: 'TERMINAL', field: 'process.terminal' } as const;
  if (isNeeded) {
    throw new RuntimeError('process.terminal: a detached program needs a --console-socket for its terminal', {
      ...details,
      hint: 'a socket to send it to, or "terminal": false',
    });
  }
  const reason = hasTerminal ? 'without --detach the terminal is kept' : 'process.terminal is false';
  throw new RuntimeError(`--console-socket: ${reason}`, details);
}

/** The dialogue's part about the terminal. */
export function passTerminal(init: Init, terminal: Outlets['terminal']): void {
  if (terminal === undefined) return;
  expect(init, 'terminal');
  const [master] = init.channel.receiveFds();
  if (master === undefined)
    throw new RuntimeError('container init has sent no terminal', { code: 'PROTOCOL' });
  terminal(master);
}

/**
 * For a caller who will wait for the process's end, or signal it, and who reads beside it what callers of runc know:
 * `standard` is a container's first process, `setns` another one.
 */
export function passPidfd({ pid }: Init, receiver: Outlets['pidfd'], name: 'standard' | 'setns'): void {
  if (receiver === undefined) return;
  using pidfd = openPidfd(pid);
  if (pidfd !== undefined) receiver.send(pidfd, name);
}
