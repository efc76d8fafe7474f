// Runs on the host.
import { RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { connectSocket, sendFds } from '../linux/socket.ts';

/** A connection to a socket of the caller, which gets one descriptor. */
export interface Receiver extends Disposable {
  /** `name` is what the caller reads beside the descriptor. */
  send(fd: Fd, name: string): void;
}

/** Connects at once: what cannot be reached is an error before there is a container. `option` names it in errors. */
export function openReceiver(option: string, path: string): Receiver {
  const details = { field: option, code: 'SOCKET' } as const;
  const socket = within(`${option}: connect to ${path}`, () => connectSocket(path), details);
  return {
    send(fd, name) {
      if (sendFds(socket, [fd], name)) return;
      throw new RuntimeError(`${option}: whoever listens at ${path} has closed the connection`, details);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
