import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type Change, makeBundle } from './bundle.ts';
import { HANGS_MS, leftovers, newId, root, slowness, tag, temp, until } from './sandbox.ts';

export type Kind = 'trunc' | 'runc' | 'crun';

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '../..');
// crun gives up on a hybrid hierarchy when the v2 half has a controller; without that mount it sees plain v1.
const IN_PLAIN_V1 = [
  'unshare',
  '-m',
  'sh',
  '-c',
  'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"',
  'sh',
];

function findRuntime(asked = process.env.RUNTIME): { kind: Kind; argv: string[]; node: boolean } {
  const node = asked === 'node';
  if (node) return { kind: 'trunc', argv: [process.execPath, join(PROJECT, 'dist/main.js')], node };
  if (!asked) return { kind: 'trunc', argv: [join(PROJECT, 'dist/trunc')], node };
  const name = basename(asked);
  if (name.startsWith('runc')) return { kind: 'runc', argv: [asked], node };
  if (name.startsWith('crun')) return { kind: 'crun', argv: [...IN_PLAIN_V1, asked], node };
  return { kind: 'trunc', argv: [asked], node };
}

/**
 * The runtime under test, from RUNTIME: nothing (dist/trunc), `node` (dist/main.js), `runc`, `crun` or a path.
 * `argv` is what to run; `node` says whether it is our own code under Node.js.
 */
export const runtime = findRuntime();

/** Debian 12's, which is older than much of what trunc has after later ones. */
export const isOldRunc =
  runtime.kind === 'runc' &&
  /^runc version 1\.[01]\./.test(
    spawnSync(runtime.argv[0] as string, ['--version'], { encoding: 'utf8' }).stdout,
  );

/** What went in and out of one command; stdout and stderr are those of the container too, while it lives. */
export interface Result {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Given as `--bundle` to the command. */
  bundle?: string;
  /** Contents, or a descriptor; nothing is /dev/null. */
  stdin?: string | Buffer | number;
  /** Added to a clean environment. */
  env?: Record<string, string>;
  /** Milliseconds until SIGKILL; more on a slow machine. */
  timeout?: number;
  cwd?: string;
  /** Options in front of the command, after --root. */
  globals?: string[];
  /** Descriptors from number 3 on. */
  fds?: number[];
  /** A program and its arguments that runs the runtime, such as `strace`. */
  wrapper?: string[];
  /** Another runtime than the one under test. */
  program?: string[];
}

interface Prepared {
  line: string[];
  options: { cwd: string; stdio: (number | 'ignore')[]; timeout: number };
  output: { stdout: string; stderr: string };
  close: () => void;
}

function prepare(args: string[], options: RunOptions): Prepared {
  const { bundle, stdin, fds = [], wrapper = [], globals = [] } = options;
  const files = join(temp, 'stdio');
  mkdirSync(files, { recursive: true });
  const name = join(files, newId());
  const opened: number[] = [];
  const open = (path: string, flags: string) => {
    const fd = openSync(path, flags);
    opened.push(fd);
    return fd;
  };
  // Files, not pipes: a created container holds them, and a reader of a pipe would wait for its end.
  const stdio: (number | 'ignore')[] = ['ignore', open(`${name}.out`, 'a'), open(`${name}.err`, 'a'), ...fds];
  if (typeof stdin === 'number') stdio[0] = stdin;
  else if (stdin !== undefined || runtime.kind === 'crun') {
    // crun gives a /dev/null that it gets as stdin to the root of a user namespace: the one of the host.
    writeFileSync(`${name}.in`, stdin ?? '');
    stdio[0] = open(`${name}.in`, 'r');
  }
  const [verb = '', ...rest] = args;
  const env = { PATH: process.env.PATH ?? '', HOME: '/root', TRUNC_TEST: tag, ...options.env };
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  // By env, because tap slips NODE_OPTIONS of its own into whatever node starts.
  const line = [
    'env',
    '-i',
    ...variables,
    ...wrapper,
    ...(options.program ?? runtime.argv),
    '--root',
    root,
    ...globals,
    verb,
  ];
  if (bundle !== undefined) line.push('--bundle', bundle);
  return {
    line: [...line, ...rest],
    options: {
      cwd: options.cwd ?? temp,
      stdio,
      timeout: (options.timeout ?? HANGS_MS) * slowness,
    },
    output: {
      // Read when asked for, so that the output of a created container can be seen later.
      get stdout() {
        return readFileSync(`${name}.out`, 'utf8');
      },
      get stderr() {
        return readFileSync(`${name}.err`, 'utf8');
      },
    },
    close: () => opened.forEach(closeSync),
  };
}

function result(prepared: Prepared, status: number | null, signal: string | null): Result {
  prepared.close();
  return Object.assign(prepared.output, { status, signal });
}

/** Runs one command of the runtime to its end: `run(['kill', id, 'TERM'])`. */
export function run(args: string[], options: RunOptions = {}): Result {
  const prepared = prepare(args, options);
  const [command = '', ...rest] = prepared.line;
  const { status, signal, error } = spawnSync(command, rest, {
    ...prepared.options,
    killSignal: 'SIGKILL',
  });
  if (error && status === null && !signal) throw error;
  return result(prepared, status, signal);
}

/** Starts one command and returns at once; `done` never rejects because of the exit status. */
export function background(args: string[], options: RunOptions = {}) {
  const prepared = prepare(args, options);
  const [command = '', ...rest] = prepared.line;
  const child = spawn(command, rest, { ...prepared.options, killSignal: 'SIGKILL' });
  const done = new Promise<Result>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status, signal) => resolve(result(prepared, status, signal)));
  });
  return { child, done, output: prepared.output };
}

/** Runs a command that must succeed; returns its result. */
export function succeed(args: string[], options: RunOptions = {}): Result {
  const result = run(args, options);
  if (result.status !== 0)
    throw new Error(`${args.join(' ')}: exit ${result.status ?? result.signal}: ${result.stderr.trim()}`);
  return result;
}

/** The state document, parsed; undefined when the container is unknown. */
export function state(id: string): (Record<string, unknown> & { status: string; pid: number }) | undefined {
  const { status, stdout } = run(['state', id]);
  return status === 0 ? JSON.parse(stdout) : undefined;
}

/** Waits until the container has this status. */
export function waitFor(id: string, status: string): void {
  until(`${id} to be ${status}`, () => state(id)?.status === status);
}

/** A created container; deleted by force at the end of the test. */
export interface Container {
  id: string;
  bundle: string;
  /** Of the container's first process, on the host. */
  pid: number;
  /** What the container and `create` have written so far. */
  output: Result;
}

/** Creates a container of a new bundle; throws if that fails. */
export function create(t: Test, change?: Change, flags: string[] = [], options: RunOptions = {}): Container {
  const id = newId();
  const bundle = options.bundle ?? makeBundle(change);
  t.teardown(() => void run(['delete', '--force', id]));
  const output = succeed(['create', ...flags, id], { ...options, bundle });
  return { id, bundle, pid: state(id)?.pid ?? 0, output };
}

/** As create, and started: for a container that others look at, `sleep` is the program unless changed. */
export function running(t: Test, change?: Change, flags: string[] = [], options: RunOptions = {}): Container {
  const sleeper: Change = (config) => {
    config.process.args = ['/bin/sleep', '1000'];
    change?.(config);
  };
  const container = create(t, sleeper, flags, options);
  start(container);
  return container;
}

/** Starts a container whose program does not end at once, and waits for that: start itself returns when init has been let go. */
export function start({ id, pid }: Pick<Container, 'id' | 'pid'>): void {
  const exe = () => readlinkSync(`/proc/${pid}/exe`);
  const init = exe();
  succeed(['start', id]);
  until('the program', () => exe() !== init);
}

/** Runs a container in the foreground; `script` is for its shell, or the whole of process.args. */
export function attempt(
  change: Change,
  script: string | string[],
  options: RunOptions & { flags?: string[] } = {},
) {
  const bundle =
    options.bundle ??
    makeBundle((config) => {
      config.process.args = Array.isArray(script) ? script : ['/bin/sh', '-c', script];
      change(config);
    });
  return run(['run', ...(options.flags ?? []), newId()], { ...options, bundle });
}

/** What `script` prints inside a container with that config, without the last newline; throws if it fails. */
export function inside(
  change: Change,
  script: string | string[],
  options: RunOptions & { flags?: string[] } = {},
) {
  const { status, signal, stdout, stderr } = attempt(change, script, options);
  if (status !== 0) throw new Error(`container: exit ${status ?? signal}: ${stderr.trim()} ${stdout.trim()}`);
  return stdout.trimEnd();
}

/**
 * Asserts that a command was refused: exit status 1, nothing on stdout, and `text` on stderr: on a line of its own with
 * trunc. crun has words of its own.
 */
export function refused(t: Test, result: Result, text: RegExp, message = 'is refused'): void {
  t.equal(result.status, 1, `${message}: exit 1, ${result.stderr.trim()}`);
  t.equal(result.stdout, '', `${message}: nothing on stdout`);
  // runc quotes its message once more.
  const reason = result.stderr.replaceAll('\\"', '"');
  if (runtime.kind !== 'crun') t.match(reason, text, `${message}: the reason`);
  if (runtime.kind === 'trunc') t.match(result.stderr, /^[^\n]+\n$/, `${message}: one line`);
}

/** The last test of every file. */
export async function nothingLeft(t: Test): Promise<void> {
  t.same(leftovers(), [], 'no process, mount, cgroup or file is left');
}
