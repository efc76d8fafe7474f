// Runs on the host.
import { RuntimeError, within } from '../errors.ts';
import { Fd } from '../linux/fd.ts';
import { findProgram } from '../linux/file.ts';
import { O_RDWR, openPath } from '../linux/path.ts';
import { SIGKILL, signalPidfd } from '../linux/signal.ts';
import { receivePacket, send, socketPair } from '../linux/socket.ts';
import { spawn } from '../linux/spawn.ts';
import { waitForEnd } from '../linux/wait.ts';
import {
  type CriuFeatures,
  type CriuRequest,
  type CriuResponse,
  REQUEST,
  requestFields,
  responseFields,
} from './messages.ts';
import { decode, encode } from './wire.ts';

/** The environment of whoever calls trunc: criu is found by its PATH, and finds its own helpers by it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** criu as it is installed here. */
export interface Criu {
  file: string;
  environment: Environment;
}

/** What criu says before it goes on. */
export interface Notice {
  script: string;
  /** Of the container's first process, as the host sees it; 0 where that is not there yet. */
  pid: number;
  fds: Fd[];
}

/** The oldest in which a restore can change security labels; external pid namespaces came before. */
const OLDEST = 31600;
const HINT = 'install the package criu, 3.16 or newer';

/** The criu of the PATH; undefined if there is none. */
export function findCriu(environment: Environment): Criu | undefined {
  const file = findProgram('criu', environment.PATH ?? '');
  return file === undefined ? undefined : { file, environment };
}

/** The same, of which it is certain that it is new enough. */
export function requireCriu(environment: Environment): Criu {
  const criu = findCriu(environment);
  const { PATH = '' } = environment;
  if (criu === undefined)
    throw new RuntimeError(`no criu in the PATH "${PATH}"`, { code: 'CRIU_MISSING', hint: HINT });
  const found = within(criu.file, () => versionNumber(ask(criu, { type: REQUEST.VERSION }).version ?? {}));
  if (found >= OLDEST) return criu;
  throw new RuntimeError(`${criu.file} is too old: ${found}, and ${OLDEST} is needed`, {
    code: 'CRIU_MISSING',
    hint: HINT,
  });
}

/** 3.17.1 is 31701. What was built between two versions counts as the next one. */
export function versionNumber({
  major_number: major = 0,
  minor_number: minor = 0,
  sublevel = 0,
  gitid,
}: NonNullable<CriuResponse['version']>): number {
  return gitid ? 10000 * major + 100 * (minor + 1) : 10000 * major + 100 * minor + sublevel;
}

/** Refuses what criu, or the kernel that it has asked, cannot do. */
export function requireFeature(criu: Criu, feature: keyof CriuFeatures, what: string): void {
  const { features } = ask(criu, { type: REQUEST.FEATURE_CHECK, features: { [feature]: true } });
  if (features?.[feature]) return;
  throw new RuntimeError(`${what}: criu cannot do it here, it has no ${feature}`, {
    code: 'CRIU_UNSUPPORTED',
  });
}

function ask(criu: Criu, request: CriuRequest): CriuResponse {
  using worker = new CriuWorker(criu);
  return worker.ask(request);
}

export interface WorkerOptions {
  /** Whether it has the standard streams of this process, not the null device. */
  hasStreams?: boolean;
  /** Under the same numbers. */
  inherited?: readonly Fd[];
  /** For the processes that it restores: criu 3.17 forgets it. */
  noNewPrivileges?: boolean;
}

/**
 * A criu that serves one request and ends. It is not killed with this process: only it can let go a process that it has
 * taken hold of, which it does when its connection ends.
 */
export class CriuWorker implements Disposable {
  readonly pid: number;
  readonly #pidfd: Fd;
  readonly #socket: Fd;
  #isAsked = false;

  constructor(
    { file, environment }: Criu,
    { hasStreams = false, inherited = [], noNewPrivileges = false }: WorkerOptions = {},
  ) {
    const [ours, theirs] = socketPair('packets');
    using socket = theirs;
    using none = openPath('/dev/null', O_RDWR);
    const [stdin, output, errors] = hasStreams ? [new Fd(0), new Fd(1), new Fd(2)] : [none, none, none];
    const variables = Object.entries(environment).filter(([, value]) => value !== undefined);
    const { pid, pidfd } = spawn({
      file,
      argv: ['criu', 'swrk', String(socket.number)],
      env: variables.map(([name, value]) => `${name}=${value}`),
      cwd: '/',
      stdin,
      output,
      errors,
      inherited: [socket, ...inherited],
      limits: [],
      // The terminal's ^C is not for who holds a container; but who restores a job of this terminal has to be part of it.
      leadsGroup: !hasStreams,
      survives: true,
      noNewPrivileges,
    });
    this.pid = pid;
    this.#pidfd = pidfd;
    this.#socket = ours;
  }

  /** Sends a request and returns the answer; `notified` is what criu waits for meanwhile. Throws when criu has failed. */
  ask(request: CriuRequest, notified: (notice: Notice) => void = () => {}): CriuResponse {
    this.#isAsked = true;
    this.#send(request);
    for (;;) {
      const { bytes, fds } = receivePacket(this.#socket);
      if (bytes.length === 0) throw new RuntimeError('it has ended before its time', { code: 'CRIU' });
      const response = decode(responseFields, bytes);
      if (!response.success) throw failure(response);
      if (response.type !== REQUEST.NOTIFY) return response;
      const { script = '', pid = 0 } = response.notify ?? {};
      notified({ script, pid, fds });
      this.#send({ type: REQUEST.NOTIFY, notify_success: true });
    }
  }

  #send(request: CriuRequest): void {
    send(this.#socket, encode(requestFields, request));
  }

  /** Waits until it has cleaned up: it does when nobody listens to it any more. Before its request there is nothing to. */
  [Symbol.dispose](): void {
    if (!this.#isAsked) signalPidfd(this.#pidfd, SIGKILL);
    this.#socket.close();
    waitForEnd(this.pid);
    this.#pidfd.close();
  }
}

function failure({ cr_errmsg: message, cr_errno: errno = 0 }: CriuResponse): RuntimeError {
  return new RuntimeError(message?.trim() || `error ${errno}`, { code: 'CRIU' });
}
