// Runs on the host (create, release) and in the container's namespaces (wait).
import { RuntimeError } from '../errors.ts';
import { Fd, setNonBlocking } from '../linux/fd.ts';
import { readAll, removeFile } from '../linux/file.ts';
import { AT_FDCWD, failedWith, O_CLOEXEC, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY } from '../linux/path.ts';
import { POLLIN, poll, pollEvents } from '../linux/poll.ts';
import { ignoreSignal, SIGPIPE, takeFd } from '../linux/signal.ts';
import { socketPair } from '../linux/socket.ts';
import { syscall, trySyscall } from '../linux/syscall.ts';
import { byteLength } from '../linux/text.ts';
import { Channel, type HostChannel, type InitChannel } from './channel.ts';
import type { LastMessage, LinkMessage } from './messages.ts';

const FIFO_MODE = 0o10622;
const LINE_BYTES = 1 << 16;

/** Makes the gate between create and start; returns a handle for init. */
export function createExecFifo(path: string): Fd {
  const mask = syscall('umask', 0);
  syscall('mknodat', AT_FDCWD, path, FIFO_MODE, 0);
  syscall('umask', mask);
  return new Fd(syscall('openat', AT_FDCWD, path, O_PATH | O_CLOEXEC, 0));
}

/** Init's side: what `start` learns of it. Closed by execve. */
export interface Gate {
  /** Tells `start`; false when that has ended. */
  send(message: LastMessage | LinkMessage): boolean;
  /** A connection to `start`, through which descriptors can go. */
  link(): HostChannel;
}

/** Init's side: blocks until `start` opens the fifo for reading. `proc` is a handle of a trusted /proc. */
export function waitForStart(proc: Fd, fifo: number): Gate {
  // An O_PATH handle cannot be written to: it is opened anew, which works for whatever uid init has now.
  const gate = new Fd(syscall('openat', proc.number, `self/fd/${fifo}`, O_WRONLY | O_CLOEXEC, 0));
  syscall('write', gate.number, '0', 1);
  const send: Gate['send'] = (message) => {
    const line = `${JSON.stringify(message)}\n`;
    // A `start` that has been killed is no reason to end.
    ignoreSignal(SIGPIPE, true);
    const count = trySyscall('write', gate.number, line, byteLength(line));
    ignoreSignal(SIGPIPE, false);
    return count > 0;
  };
  return { send, link: () => linkThrough(gate, send) };
}

function linkThrough(gate: Fd, send: Gate['send']): HostChannel {
  const [ours, theirs] = socketPair();
  using _theirs = theirs;
  const link: HostChannel = new Channel(ours, 'start');
  send({ type: 'link', socket: theirs.number });
  // Both ends are here until one is taken: only the fifo tells that `start` has ended.
  const [taken] = pollEvents([
    { fd: ours.number, events: POLLIN },
    { fd: gate.number, events: 0 },
  ]);
  if (!taken || link.receive('go') === undefined)
    throw new RuntimeError('the start command has ended', { code: 'PROTOCOL' });
  return link;
}

/** The start command's side of Gate.link; throws what init has failed with. */
export function takeLink(gate: Fd, init: Fd): InitChannel {
  setNonBlocking(gate, false);
  const line = new Uint8Array(LINE_BYTES);
  // Nothing more comes before there is an answer.
  const count = syscall('read', gate.number, line, line.length);
  if (count === 0) throw endedTooSoon();
  const message = JSON.parse(Buffer.from(line.subarray(0, count)).toString()) as LastMessage | LinkMessage;
  if (message.type === 'failed') throw new RuntimeError(message.error.message, message.error.details);
  if (message.type !== 'link') throw new RuntimeError(`init sent "${message.type}"`, { code: 'PROTOCOL' });
  const link: InitChannel = new Channel(takeSocket(init, message.socket), 'init');
  link.send({ type: 'go' });
  return link;
}

/** Linux takes it for a kind of ptrace(2). Source: pidfd_getfd(2). */
function takeSocket(init: Fd, number: number): Fd {
  try {
    return takeFd(init, number);
  } catch (error) {
    if (!failedWith(error, 'EPERM')) throw error;
    throw new RuntimeError(
      'linux.seccomp: this process may not take the listener out of init: operation not permitted',
      {
        code: 'SECCOMP_PRIVILEGE',
        field: 'linux.seccomp',
        errno: 'EPERM',
        hint: 'start needs CAP_SYS_PTRACE, and kernel.yama.ptrace_scope below 3; run needs neither',
      },
      error,
    );
  }
}

/** The start command's side: lets init go on, which must be alive at the end; removes the fifo. Returns its open end. */
export function releaseStart(path: string, init: Fd): Fd {
  const gate = new Fd(syscall('openat', AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0));
  // At once: init goes on as soon as it is open, and without the fifo nobody takes the container for one that waits.
  removeFile(path);
  const [opened, ended] = poll([gate.number, init.number]);
  const count = opened ? syscall('read', gate.number, new Uint8Array(1), 1) : 0;
  if (count === 0) {
    const reason = ended ? 'container init is dead' : 'exec fifo is empty';
    throw new RuntimeError(`cannot start the container: ${reason}`, { code: 'INIT_DEAD' });
  }
  return gate;
}

/** Waits until init has executed the program, where it says so (messages.ts); throws its failure. */
export function waitForProgram(gate: Fd): void {
  setNonBlocking(gate, false);
  const messages = readAll(gate)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LastMessage);
  const last = messages.at(-1);
  if (last?.type === 'failed') throw new RuntimeError(last.error.message, last.error.details);
  if (last === undefined) throw endedTooSoon();
}

/** Init was killed. */
export function endedTooSoon(): RuntimeError {
  return new RuntimeError('container init ended before it could execute the program', { code: 'INIT_DEAD' });
}
