import { within } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { changeMode, exists, makeDirectory, removeFile } from '../../linux/file.ts';
import { openPipe } from '../../linux/pipe.ts';
import { POLLIN, poll } from '../../linux/poll.ts';
import { pollAsync } from '../../linux/poll-async.ts';
import { openPidfd } from '../../linux/signal.ts';
import { bindDatagrams, connectDatagrams, receive, send, sendFds } from '../../linux/socket.ts';
import { log } from '../../log.ts';
import type { Spec } from '../../spec/config.ts';
import { namespaceOf } from '../../spec/query.ts';
import type { ContainerOptions, NotifyOptions } from '../options.ts';
import { notifyDirectory } from '../store.ts';

// A program in a container says by sd_notify(3) that it is ready, and to systemd it is this process that says so.

const SOCKET = 'notify.sock';
const IN_CONTAINER = '/run/notify';
/** As much as systemd reads. Source: NOTIFY_BUFFER_MAX of systemd. */
const MAX_DATAGRAM = 4096;
const BARRIER_MS = 30_000;

/** What a program may say of itself. The pids and descriptors that it could name are not those of the host. */
const PASSED =
  /^(?:READY|RELOADING|STOPPING|MONOTONIC_USEC|STATUS|ERRNO|BUSERROR|EXIT_STATUS|WATCHDOG|WATCHDOG_USEC|EXTEND_TIMEOUT_USEC)=/;

/** Both ends: the container's socket, and the connection to whoever has called. */
export interface Notify extends Disposable {
  inner: Fd;
  outer: Fd;
}

/** Whether the container is to have a socket; without a mount namespace there is no place for it. */
export function hasNotify({ notifySocket }: NotifyOptions, spec: Spec): boolean {
  return notifySocket !== undefined && namespaceOf(spec, 'mount') !== undefined;
}

/** Makes the directory of the socket, and returns the Spec with a mount of it. The socket itself is made by who waits for it. */
export function addNotify(options: NotifyOptions, spec: Spec): Spec {
  if (!hasNotify(options, spec)) return spec;
  makeNotify(options);
  return mountNotify(options, spec);
}

export const makeNotify = (options: ContainerOptions): void => makeDirectory(notifyDirectory(options), 0o755);

/** The Spec with a mount of the socket's directory. */
export function mountNotify(options: ContainerOptions, spec: Spec): Spec {
  const source = notifyDirectory(options);
  const mount = { destination: IN_CONTAINER, source, options: ['bind', 'nosuid', 'noexec', 'nodev', 'ro'] };
  return { ...spec, mounts: [...(spec.mounts ?? []), mount] };
}

/** Makes the container's socket, before its program runs; undefined when there is nobody to tell, or no directory for it. */
export function openNotify(options: NotifyOptions, spec: Spec): Notify | undefined {
  const { notifySocket } = options;
  if (notifySocket === undefined) return undefined;
  const directory = notifyDirectory(options);
  if (!exists(directory)) {
    const reason = hasNotify(options, spec)
      ? 'the container was created without it'
      : 'without a mount namespace there is no place for it in the container';
    log.warning(`$NOTIFY_SOCKET has no effect: ${reason}`);
    return undefined;
  }
  const details = { code: 'SOCKET', field: '$NOTIFY_SOCKET' } as const;
  const outer = within(
    `$NOTIFY_SOCKET: connect to ${notifySocket}`,
    () => connectDatagrams(notifySocket),
    details,
  );
  const path = `${directory}/${SOCKET}`;
  // Of a `start` that was killed before the program could run.
  if (exists(path)) removeFile(path);
  const inner = within(path, () => bindDatagrams(directory, SOCKET), details);
  // For the program's user, whoever that is.
  changeMode(path, 0o777);
  return {
    inner,
    outer,
    [Symbol.dispose]: () => {
      inner.close();
      outer.close();
    },
  };
}

/** What of a datagram is passed on; with READY= comes the pid of the program, for systemd to look after. Pure. */
export function passedLines(datagram: string, pid: number): string[] {
  const lines = datagram.split('\n').filter((line) => PASSED.test(line));
  return isReady(lines) ? [...lines, `MAINPID=${pid}`] : lines;
}

const isReady = (lines: readonly string[]): boolean => lines.some((line) => line.startsWith('READY='));

/** Waits until the program is ready or has ended, and until systemd knows: it forgets who said so when that ends. */
export function awaitReady({ inner, outer }: Notify, pid: number): void {
  using init = openPidfd(pid);
  if (init === undefined) return;
  for (;;) {
    const [hasMessage] = poll([inner.number, init.number]);
    if (!hasMessage) return;
    if (!isReady(pass(inner, outer, pid))) continue;
    tellOrWarn(() => awaitBarrier(outer));
    return;
  }
}

/** For `run` in the foreground: passes on all that the program says until it ends. To systemd this process is the main one. */
export async function passAll({ inner, outer }: Notify, pid: number): Promise<void> {
  using init = openPidfd(pid);
  if (init === undefined) return;
  const entries = [inner.number, init.number].map((fd) => ({ fd, events: POLLIN }));
  for (;;) {
    const [message, end] = await pollAsync(entries);
    if (message) pass(inner, outer, process.pid);
    else if (end) return;
  }
}

/** Passes on one datagram; descriptors that come with it are closed, which is what a barrier waits for. */
function pass(inner: Fd, outer: Fd, pid: number): string[] {
  const bytes = new Uint8Array(MAX_DATAGRAM);
  const lines = passedLines(Buffer.from(bytes.buffer, 0, receive(inner, bytes)).toString('utf8'), pid);
  if (lines.length > 0) tellOrWarn(() => send(outer, new TextEncoder().encode(`${lines.join('\n')}\n`)));
  return lines;
}

/** The end of a pipe that systemd gets, and closes when it has come to it. Source: sd_notify_barrier(3). */
function awaitBarrier(outer: Fd): void {
  const { read, write } = openPipe();
  using end = read;
  sendFds(outer, [write], 'BARRIER=1');
  write.close();
  const [closed] = poll([end.number], BARRIER_MS);
  if (!closed) log.warning(`$NOTIFY_SOCKET: no answer to BARRIER=1 in ${BARRIER_MS / 1000} s`);
}

/** The program runs, whether or not systemd listens. */
function tellOrWarn(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    log.warning(`$NOTIFY_SOCKET: ${(error as Error).message}`);
  }
}
