import { join } from 'node:path';
import { Fd, setNonBlocking } from '../../src/linux/fd.ts';
import { O_NOCTTY, O_RDWR, openPath } from '../../src/linux/path.ts';
import { poll } from '../../src/linux/poll.ts';
import { receive, receiveFds } from '../../src/linux/socket.ts';
import { rawCall, syscall, trySyscall } from '../../src/linux/syscall.ts';
import { openPeer, setWindowSize, type WindowSize } from '../../src/linux/tty.ts';
import { newId, temp, until } from './sandbox.ts';

/** The caller's side of a terminal: types, and sees what is written. */
export class Screen {
  /** All that has been written so far, as bytes. */
  #seen = Buffer.alloc(0);

  constructor(readonly master: Fd) {
    setNonBlocking(master);
  }

  type(text: string): void {
    for (let bytes = Buffer.from(text); bytes.length > 0; ) {
      const count = trySyscall('write', this.master.number, bytes, bytes.length);
      if (count > 0) bytes = bytes.subarray(count);
      else this.#look();
    }
  }

  /** What has been written until now; false when nobody has the other end any more. */
  #look(): boolean {
    const bytes = Buffer.alloc(65536);
    for (;;) {
      if (!poll([this.master.number], 20)[0]) return true;
      const count = trySyscall('read', this.master.number, bytes, bytes.length);
      if (count <= 0) return count === -11;
      this.#seen = Buffer.concat([this.#seen, bytes.subarray(0, count)]);
    }
  }

  get text(): string {
    this.#look();
    // runc has two of them until it comes to change the modes.
    return this.#seen.toString('latin1').replaceAll(/\r+\n/g, '\n');
  }

  /** Waits until the pattern appears; returns its match. What comes before it is not looked at again. */
  waitFor(pattern: RegExp): RegExpExecArray {
    let last = '';
    try {
      const match = until(String(pattern), () => {
        last = this.text;
        return pattern.exec(last);
      });
      this.#seen = Buffer.from(last.slice(match.index + match[0].length), 'latin1');
      return match;
    } catch (error) {
      throw new Error(`${(error as Error).message}, seen: ${JSON.stringify(last.slice(-2000))}`);
    }
  }

  /** Everything up to the end. */
  rest(): Buffer {
    until('the end of the terminal', () => !this.#look());
    return this.#seen;
  }

  resize(size: WindowSize): void {
    setWindowSize(this.master, size);
  }
}

/** A terminal of the host, for a runtime in the foreground: `slave` is for its standard streams. */
export function openScreen(size: WindowSize = { height: 24, width: 80 }): { screen: Screen; slave: Fd } {
  const master = openPath('/dev/ptmx', O_RDWR | O_NOCTTY);
  const slave = openPeer(master);
  const screen = new Screen(master);
  screen.resize(size);
  return { screen, slave };
}

/** A wrapper for the runtime: the terminal that it gets as stdin is its session's, and its stdout and stderr too. */
export const ON_TERMINAL = ['setsid', '-c', '-w', 'sh', '-c', 'exec "$@" >&0 2>&0', 'sh'];

const numbers = process.arch === 'arm64' ? { listen: 201, accept4: 242 } : { listen: 50, accept4: 288 };
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;

/** A socket that waits for a descriptor, as engines have it for --console-socket and --pidfd-socket. */
export class FdSocket implements Disposable {
  readonly #socket = new Fd(syscall('socket', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

  constructor(readonly path = join(temp, `${newId()}.sock`)) {
    const address = Buffer.concat([Uint8Array.of(AF_UNIX, 0), Buffer.from(`${path}\0`)]);
    syscall('bind', this.#socket.number, address, address.length);
    rawCall()(numbers.listen, this.#socket.number, 8, 0, 0, 0, 0);
  }

  /** The one descriptor of the next connection, and the text beside it but for its first character. */
  receive(): { fd: Fd; text: string } {
    until('a connection', () => poll([this.#socket.number], 100)[0]);
    using connection = new Fd(rawCall()(numbers.accept4, this.#socket.number, 0, 0, SOCK_CLOEXEC, 0, 0));
    const [fd, ...more] = receiveFds(connection);
    if (fd === undefined || more.length > 0) throw new Error(`${more.length + 1} descriptors instead of one`);
    const bytes = Buffer.alloc(4096);
    return { fd, text: bytes.toString('utf8', 0, receive(connection, bytes)) };
  }

  /** Whether somebody has connected. */
  get isCalled(): boolean {
    return poll([this.#socket.number], 0)[0] === true;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
