import type { Fd } from '../../src/linux/fd.ts';
import { POLLHUP, POLLIN, pollEvents } from '../../src/linux/poll.ts';
import { syscall, trySyscall } from '../../src/linux/syscall.ts';
import { slowness } from './sandbox.ts';
import { FdSocket } from './terminal.ts';

/** What an agent says of a system call: its result (minus an errno is one), or that the kernel shall carry it out. */
export type Answer = number | 'continue';

/** A system call that an agent was asked about. */
export interface Asked {
  /** Of the thread, on the host. */
  pid: number;
  number: number;
  args: bigint[];
}

/** What a runtime sends with a listener. Source: runtime-spec, "The Container Process State". */
export interface ProcessState {
  ociVersion: string;
  fds: string[];
  pid: number;
  metadata?: string;
  state: {
    ociVersion: string;
    id: string;
    status: string;
    pid: number;
    bundle: string;
    annotations?: object;
  };
}

// linux/seccomp.h: struct seccomp_notif has 80 bytes, struct seccomp_notif_resp 24.
const NOTIF_RECV = 0xc0502100;
const NOTIF_SEND = 0xc0182101;
const FLAG_CONTINUE = 1;
const ENOENT = 2;

/** Who decides about system calls of a container: listens at a socket, as linux.seccomp.listenerPath. */
export class Agent implements Disposable {
  readonly #socket: FdSocket;

  constructor(path?: string) {
    this.#socket = new FdSocket(path);
  }

  get path(): string {
    return this.#socket.path;
  }

  get isCalled(): boolean {
    return this.#socket.isCalled;
  }

  /** The next listener. */
  receive(): Listener {
    const { fd, text } = this.#socket.receive();
    return new Listener(fd, JSON.parse(`{${text}`));
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

export class Listener {
  constructor(
    readonly fd: Fd,
    readonly state: ProcessState,
  ) {}

  /** Answers everything until no process has the filter any more; returns what it was asked. */
  serve(answer: (asked: Asked) => Answer, milliseconds = 8000): Asked[] {
    const all: Asked[] = [];
    const end = Date.now() + milliseconds * slowness;
    for (;;) {
      const [events = 0] = pollEvents(
        [{ fd: this.fd.number, events: POLLIN }],
        Math.max(0, end - Date.now()),
      );
      if (events & POLLHUP) return all;
      if (events === 0)
        throw new Error(`the filter is still in use; asked: ${all.map(({ number }) => number)}`);
      const asked = this.#next();
      if (asked === undefined) continue;
      all.push(asked.call);
      this.#send(asked.id, answer(asked.call));
    }
  }

  #next(): { id: bigint; call: Asked } | undefined {
    const bytes = Buffer.alloc(80);
    const result = trySyscall('ioctl', this.fd.number, NOTIF_RECV, bytes);
    // Whoever has asked was killed meanwhile.
    if (result === -ENOENT) return undefined;
    if (result < 0) throw new Error(`SECCOMP_IOCTL_NOTIF_RECV: ${result}`);
    const args = Array.from({ length: 6 }, (_, index) => bytes.readBigUInt64LE(32 + 8 * index));
    const call = { pid: bytes.readUInt32LE(8), number: bytes.readInt32LE(16), args };
    return { id: bytes.readBigUInt64LE(0), call };
  }

  #send(id: bigint, answer: Answer): void {
    const bytes = Buffer.alloc(24);
    bytes.writeBigUInt64LE(id, 0);
    if (answer === 'continue') bytes.writeUInt32LE(FLAG_CONTINUE, 20);
    else if (answer < 0) bytes.writeInt32LE(answer, 16);
    else bytes.writeBigInt64LE(BigInt(answer), 8);
    syscall('ioctl', this.fd.number, NOTIF_SEND, bytes);
  }
}
