import { type Fd, setNonBlocking } from './fd.ts';
import { openPipe, type Pipe } from './pipe.ts';
import { POLLIN, POLLOUT, poll, pollEvents } from './poll.ts';
import { SIGKILL } from './signal.ts';
import { type SpawnPlan, spawn } from './spawn.ts';
import { trySyscall } from './syscall.ts';
import { waitForEnd } from './wait.ts';

/** A program to run to its end. */
export interface ProgramRun extends Omit<SpawnPlan, 'stdin' | 'output' | 'leadsGroup'> {
  /** What it can read from standard input; it need not. */
  input: string;
  /** Until it and its process group are killed; never when absent. */
  milliseconds?: number | undefined;
}

export interface ProgramEnd {
  /** Its exit status, or 128 plus a signal; undefined when not even SIGKILL has ended it. */
  status: number | undefined;
  /** The same in words. */
  how: string;
  timedOut: boolean;
  /** The end of what it has written to standard output and standard error. */
  output: string;
}

interface Running {
  pid: number;
  pidfd: Fd;
  stdin: Pipe;
  unread: Uint8Array;
  output: Fd;
  closed: boolean;
  latest: Buffer;
}

const KILL_TIMEOUT_MS = 10_000;
const KEPT_BYTES = 1000;
const CHUNK = 1 << 14;
/** How much is read at most once the program has ended: a process that it has left behind may write for ever. */
const LAST_READS = 16;

/**
 * Runs a program and waits for its end, which is that of its process alone: who else has its standard streams is not
 * waited for. Throws when it cannot be executed.
 */
export function runProgram(run: ProgramRun): ProgramEnd {
  const { milliseconds } = run;
  const running = start(run);
  using _pidfd = running.pidfd;
  using _output = running.output;
  const timedOut = !attend(running, milliseconds);
  if (timedOut) trySyscall('kill', -running.pid, SIGKILL);
  const gone = !timedOut || poll([running.pidfd.number], KILL_TIMEOUT_MS)[0];
  for (let reads = 0; reads < LAST_READS && !running.closed; reads++) if (!read(running)) break;
  closeStdin(running);
  const { status, how } = gone ? waitForEnd(running.pid) : { status: undefined, how: 'does not end' };
  return { status, how, timedOut, output: running.latest.toString('utf8') };
}

function start({ input, milliseconds, ...plan }: ProgramRun): Running {
  const stdin = openPipe();
  const output = openPipe();
  setNonBlocking(stdin.write);
  setNonBlocking(output.read);
  try {
    // In a group of its own, the terminal's ^C would not reach it: only where its time is limited anyway.
    const leadsGroup = milliseconds !== undefined;
    const spawned = spawn({ ...plan, stdin: stdin.read, output: output.write, leadsGroup });
    const unread = new TextEncoder().encode(input);
    return { ...spawned, stdin, unread, output: output.read, closed: false, latest: Buffer.alloc(0) };
  } catch (error) {
    for (const fd of [stdin.read, stdin.write, output.read]) fd.close();
    throw error;
  } finally {
    output.write.close();
  }
}

/** Feeds the program and reads what it writes until it ends; false when its time is up. */
function attend(running: Running, milliseconds: number | undefined): boolean {
  const deadline = milliseconds === undefined ? undefined : performance.now() + milliseconds;
  for (;;) {
    write(running);
    const left = deadline === undefined ? undefined : Math.max(0, deadline - performance.now());
    const { pidfd, output, stdin, unread, closed } = running;
    const [ended, readable] = pollEvents(
      [
        { fd: pidfd.number, events: POLLIN },
        { fd: closed ? -1 : output.number, events: POLLIN },
        { fd: unread.length === 0 ? -1 : stdin.write.number, events: POLLOUT },
      ],
      left,
    );
    if (ended) return true;
    if (left === 0) return false;
    if (readable) read(running);
  }
}

/** Writes as much as there is room for. The reading end is still open here: without a reader SIGPIPE would come. */
function write(running: Running): void {
  if (running.unread.length > 0) {
    const count = trySyscall('write', running.stdin.write.number, running.unread, running.unread.length);
    if (count > 0) running.unread = running.unread.subarray(count);
  }
  if (running.unread.length === 0) closeStdin(running);
}

function closeStdin({ stdin }: Running): void {
  stdin.read.close();
  stdin.write.close();
}

/** Reads what there is and keeps the end; false when there is nothing. */
function read(running: Running): boolean {
  const chunk = Buffer.allocUnsafe(CHUNK);
  const count = trySyscall('read', running.output.number, chunk, CHUNK);
  if (count === 0) running.closed = true;
  if (count > 0)
    running.latest = Buffer.concat([running.latest, chunk.subarray(0, count)]).subarray(-KEPT_BYTES);
  return count > 0;
}
