// Runs on the host and in the container's namespaces: one end each.
import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { MAX_FDS, receive, receiveFds, send, sendFds } from '../linux/socket.ts';
import { decode } from '../linux/text.ts';
import { writeLine } from '../log.ts';
import type { HostMessage, InitMessage } from './messages.ts';

type Message = HostMessage | InitMessage;

/** The host's end, and init's. */
export type InitChannel = Channel<HostMessage, InitMessage>;
export type HostChannel = Channel<InitMessage, HostMessage>;

const LENGTH_BYTES = 4;

/** As Channel sends it. */
export function encodeMessage(message: Message): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const bytes = new Uint8Array(LENGTH_BYTES + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length, true);
  bytes.set(body, LENGTH_BYTES);
  return bytes;
}

/** One end of the connection between the host and init: JSON messages, each behind its length in bytes. */
export class Channel<Sent extends Message, Received extends Message> implements Disposable {
  constructor(
    private readonly socket: Fd,
    private readonly peer: string,
  ) {}

  /** Sends a message; false when the peer has ended, whose last message may still be there to be received. */
  send(message: Sent): boolean {
    return send(this.socket, encodeMessage(message));
  }

  /** For who must send by itself what encodeMessage has made. */
  get number(): number {
    return this.socket.number;
  }

  /** Sends descriptors, for a message that has announced them. */
  sendFds(fds: readonly Fd[]): void {
    for (let sent = 0; sent === 0 || sent < fds.length; sent += MAX_FDS) {
      sendFds(this.socket, fds.slice(sent, sent + MAX_FDS));
    }
  }

  /** Receives `count` descriptors, or without it what one message brings; fewer when the peer has ended. */
  receiveFds(count = 0): Fd[] {
    const fds = receiveFds(this.socket);
    while (fds.length < count) {
      const more = receiveFds(this.socket);
      if (more.length === 0) break;
      fds.push(...more);
    }
    return fds;
  }

  /** The next message, which must be of the given type; undefined when the peer has ended instead. */
  receive<T extends Received['type']>(type: T): Extract<Received, { type: T }> | undefined {
    const message = this.#next();
    if (message === undefined || message.type === type) {
      return message as Extract<Received, { type: T }> | undefined;
    }
    throw this.#outOfTurn(message, `"${type}"`);
  }

  /** Waits until the peer is done: init's end closes with execve, unless it still has a failure to report. */
  receiveEnd(): void {
    const message = this.#next();
    if (message !== undefined) throw this.#outOfTurn(message, 'the end');
  }

  /** The next message but for lines to be logged; throws the failure that it may be. */
  #next(): Received | undefined {
    const header = this.#read(LENGTH_BYTES);
    const body = header && this.#read(new DataView(header.buffer).getUint32(0, true));
    if (body === undefined) return undefined;
    const message = JSON.parse(decode(body)) as Received;
    if (message.type === 'failed') throw new RuntimeError(message.error.message, message.error.details);
    if (message.type !== 'log') return message;
    writeLine(message.line);
    return this.#next();
  }

  #outOfTurn({ type }: Received, due: string): RuntimeError {
    return new RuntimeError(`${this.peer} sent "${type}" where ${due} was due`, { code: 'PROTOCOL' });
  }

  #read(length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      const part = bytes.subarray(filled);
      const count = receive(this.socket, part);
      if (count === 0) return undefined;
      filled += count;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}
