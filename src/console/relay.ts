// Runs on the host.
import { EAGAIN } from '../linux/errno.ts';
import { type Fd, setNonBlocking } from '../linux/fd.ts';
import { POLLHUP, POLLIN, POLLOUT, type PollEntry, pollEvents } from '../linux/poll.ts';
import { pollAsync } from '../linux/poll-async.ts';
import { trySyscall } from '../linux/syscall.ts';
import { terminalModes, VEOF } from '../linux/tty.ts';
import { makeStdinRaw } from './caller-terminal.ts';

const STDIN = 0;
const STDOUT = 1;
const NONE = -1;
const NEWLINE = 10;
const END_OF_TRANSMISSION = 4;
const NOTHING = new Uint8Array(0);
/** As much as a pipe that poll calls writable takes without blocking. */
const CHUNK = 4096;
/** Milliseconds until a terminal that nobody has open any more is looked at again, or its end of file is repeated. */
const AGAIN = 500;
/** Milliseconds to wait without the event loop, and how often one after the other. */
const SOON = 1;
const AT_ONCE = 64;
/** What is passed on after the end of init: more than the kernel holds back. Others may go on writing. */
const LAST_BYTES = 1 << 20;

/** Copies between the standard streams and the container's terminal until `init` has ended, and the rest after that. */
export async function relay(master: Fd, init: Fd): Promise<void> {
  using _raw = makeStdinRaw();
  setNonBlocking(master);
  const copying = new Copying(master, init);
  while (!copying.isDone) await copying.step();
}

class Copying {
  isDone = false;
  /** On their way into the container and out of it. */
  #input = NOTHING;
  #output = NOTHING;
  #isStdinOpen = true;
  readonly #isOnTerminal = terminalModes(STDIN) !== undefined;
  /** What the end of stdin is for a program that reads a terminal. */
  #endOfFile = NOTHING;
  #lastTyped = NEWLINE;
  /** Nobody in the container has the terminal open, at the moment. */
  #isHungUp = false;
  #hasEnded = false;
  #lastBytes = LAST_BYTES;
  #waits = 0;

  constructor(
    private readonly master: Fd,
    private readonly init: Fd,
  ) {}

  /** Waits for something to do, and does it. What blocks, but for the wait, is never called. */
  async step(): Promise<void> {
    const [stdin, terminal, stdout, init] = (await this.#wait([
      { fd: this.#isStdinOpen && this.#input.length === 0 ? STDIN : NONE, events: POLLIN },
      this.#terminalEntry(),
      { fd: this.#output.length > 0 ? STDOUT : NONE, events: POLLOUT },
      { fd: this.#hasEnded ? NONE : this.init.number, events: POLLIN },
    ])) as [number, number, number, number];
    this.#isHungUp = (terminal & POLLHUP) !== 0;
    if (stdin !== 0) this.#readStdin();
    if (stdout !== 0) this.#writeOutput();
    if (terminal !== 0) {
      this.#writeInput();
      this.#readTerminal();
    }
    if ((stdin | terminal | stdout | init) === 0) this.#whenNothingHappened();
    if (init !== 0) this.#hasEnded = true;
  }

  /** A program that writes a lot does so line by line: the event loop, which handles signals, comes after some of them. */
  async #wait(entries: readonly PollEntry[]): Promise<number[]> {
    const timeout = this.#timeout();
    this.#waits += 1;
    if (this.#waits % AT_ONCE !== 0) {
      const events = pollEvents(entries, Math.min(timeout ?? SOON, SOON));
      if (timeout === 0 || events.some((event) => event !== 0)) return events;
    }
    return pollAsync(entries, timeout);
  }

  #terminalEntry(): PollEntry {
    const events = (this.#output.length === 0 ? POLLIN : 0) | (this.#input.length > 0 ? POLLOUT : 0);
    // Its hang-up would be reported again and again.
    return { fd: events === 0 || this.#isHungUp ? NONE : this.master.number, events };
  }

  #timeout(): number | undefined {
    if (this.#output.length > 0) return undefined;
    if (this.#hasEnded) return 0;
    return this.#isHungUp || this.#endOfFile.length > 0 ? AGAIN : undefined;
  }

  #readStdin(): void {
    const bytes = new Uint8Array(CHUNK);
    const count = trySyscall('read', STDIN, bytes, CHUNK);
    if (count === -EAGAIN) return;
    if (count > 0) {
      this.#input = bytes.subarray(0, count);
      this.#lastTyped = bytes[count - 1] as number;
      return;
    }
    this.#isStdinOpen = false;
    if (this.#isOnTerminal) {
      // In the background of a shell that has ended it only cannot be read.
      if (terminalModes(STDIN) === undefined) this.#hangUp();
      return;
    }
    const character = terminalModes(this.master.number)?.characters[VEOF] || END_OF_TRANSMISSION;
    this.#endOfFile = Uint8Array.of(character);
    // In the middle of a line it only ends the line.
    this.#input = Uint8Array.from(this.#lastTyped === NEWLINE ? [character] : [character, character]);
  }

  #writeInput(): void {
    if (this.#input.length === 0) return;
    const count = trySyscall('write', this.master.number, this.#input, this.#input.length);
    if (count !== -EAGAIN) this.#input = count < 0 ? NOTHING : this.#input.subarray(count);
  }

  #readTerminal(): void {
    if (this.#output.length > 0) return;
    const bytes = new Uint8Array(CHUNK);
    const count = trySyscall('read', this.master.number, bytes, CHUNK);
    if (count === -EAGAIN) return;
    if (count > 0) this.#output = bytes.subarray(0, count);
    if (!this.#hasEnded) return;
    this.#lastBytes -= count;
    if (count <= 0 || this.#lastBytes < 0) this.isDone = true;
  }

  #writeOutput(): void {
    const count = trySyscall('write', STDOUT, this.#output, this.#output.length);
    if (count === -EAGAIN) return;
    if (count >= 0) {
      this.#output = this.#output.subarray(count);
      return;
    }
    // Nobody reads it any more.
    this.#output = NOTHING;
    this.#hangUp();
  }

  /** As with any terminal that goes away, the programs get to know. */
  #hangUp(): void {
    this.#isStdinOpen = false;
    this.#input = NOTHING;
    this.#endOfFile = NOTHING;
    this.master.close();
  }

  /** A terminal has no lasting end of file: who reads it later has to be told again. */
  #whenNothingHappened(): void {
    // A signal has ended the wait for whoever reads slowly.
    if (this.#output.length > 0) return;
    if (this.#hasEnded) this.isDone = true;
    else if (this.#input.length === 0) this.#input = this.#endOfFile;
  }
}
