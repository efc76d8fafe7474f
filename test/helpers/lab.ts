/**
 * A place for engines: a test file that calls enterLab() runs in pid, mount and network namespaces of its own, with a
 * fresh /run and copies of /etc, /opt and /var/lib, so that its daemons have the usual paths, no packet leaves the
 * machine, and all of it ends with the file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeRootfs } from './bundle.ts';
import { suite } from './requires.ts';
import { runtime } from './runtime.ts';
import { cgroups, processes, sleep, slowness, tag, temp, until } from './sandbox.ts';

const INSIDE = process.env.TRUNC_LAB !== undefined;
/** Debian's places only: a machine may have another client in /usr/local. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const COPIED = ['/etc', '/opt', '/var/lib'];

/**
 * Where another Debian lies whose engines are to be tested; nothing is written there. All that a lab has of this machine
 * then is the kernel, the project and Node.js.
 */
const ENGINES_ROOT = process.env.ENGINES_ROOT;
const PROJECT = dirname(dirname(import.meta.dirname));
const ENTER_ROOT = `set -e
cd "$TRUNC_LAB"; mkdir -p other/upper other/work other/root
mount -t overlay -o "lowerdir=$ENGINES_ROOT,upperdir=other/upper,workdir=other/work" overlay other/root
cd other/root
for path in /proc /sys /dev; do mount --rbind $path .$path; done
for path in '${PROJECT}' "$TRUNC_LAB"; do mkdir -p ".$path"; mount --bind "$path" ".$path"; done
touch '.${process.execPath}'; mount --bind '${process.execPath}' '.${process.execPath}'
pivot_root . mnt; umount -l /mnt; cd "$TRUNC_LAB"; set +e
`;

/** The runtime under test, as engines are told of it. */
export const RUNTIME = spawnSync('which', [runtime.argv[0] ?? ''], { encoding: 'utf8' }).stdout.trim();

/** Goes on inside, or skips the file where one of `programs` is missing; everything of a file comes after it. */
export async function enterLab(...programs: string[]): Promise<void> {
  if (INSIDE || !ENGINES_ROOT) suite('root', 'unshare', 'setpriv', ...programs);
  if (INSIDE) return furnish();
  const flags = ['--pid', '--fork', '--kill-child', '--mount-proc', '--mount', '--net'];
  const node = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  // A shell as process 1 reaps the orphans that daemons leave.
  const script = `${ENGINES_ROOT ? ENTER_ROOT : ''}"$@"; exit $?`;
  const line = ['--pdeathsig', 'KILL', 'unshare', ...flags, 'sh', '-c', script, 'sh', ...node];
  const child = spawn('setpriv', line, { stdio: 'inherit', env: { ...process.env, TRUNC_LAB: temp } });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));
  const status = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  process.exit(status);
}

function furnish(): void {
  process.env.PATH = PATH;
  Object.assign(process.env, { HOME: join(temp, 'home'), TMPDIR: join(temp, 'tmp'), TERM: 'xterm' });
  for (const name of ['home', 'tmp']) mkdirSync(join(temp, name));
  call('mount', ['--make-rshared', '/']); // as systemd leaves it
  for (const path of ['/run', '/dev/shm']) call('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', path]);
  for (const path of COPIED) {
    const [upper, work] = ['upper', 'work'].map((name) => join(temp, 'copies', path, name)) as [
      string,
      string,
    ];
    for (const directory of [upper, work]) mkdirSync(directory, { recursive: true });
    const options = `lowerdir=${path},upperdir=${upper},workdir=${work}`;
    call('mount', ['-t', 'overlay', '-o', options, 'overlay', path]);
  }
  call('ip', ['link', 'set', 'lo', 'up']);
}

export interface Said {
  status: number | null;
  stdout: string;
  stderr: string;
}
export interface CallOptions {
  input?: string;
  env?: Record<string, string>;
  /** The exit status that is right; any with null. */
  status?: number | null;
  /** Milliseconds. */
  timeout?: number;
}

/** Runs a program to its end; throws where its exit status is another one. */
export function call(program: string, args: string[], options: CallOptions = {}): Said {
  const { input = '', env = {}, status: wanted = 0, timeout = 60_000 } = options;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    cwd: temp, // conmon leaves files where it is called
    encoding: 'utf8',
    env: { ...process.env, ...env, NODE_OPTIONS: undefined },
    timeout: timeout * slowness,
    killSignal: 'SIGKILL',
  });
  if (error || (wanted !== null && status !== wanted)) {
    const line = [program, ...args].join(' ');
    throw new Error(`${line}: ${error?.message ?? `exit ${status}`}: ${stderr.trim()} ${stdout.trim()}`);
  }
  return { status, stdout, stderr };
}

/** What a shell prints, without the last newline. */
export function shell(script: string, options: CallOptions = {}): string {
  return call('sh', ['-c', script], options).stdout.trimEnd();
}

/** A daemon of the lab. Its output is in `log`. */
export class Daemon {
  readonly log: string;
  readonly #child;

  constructor(name: string, program: string, args: string[], env: Record<string, string> = {}) {
    this.log = join(temp, `${name}.log`);
    const out = openSync(this.log, 'w');
    this.#child = spawn(program, args, {
      cwd: temp,
      stdio: ['ignore', out, out],
      env: { ...process.env, ...env, NODE_OPTIONS: undefined },
    });
    this.#child.unref();
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Waits until a program succeeds. */
  waitFor(program: string, ...args: string[]): this {
    try {
      until(`${program} ${args.join(' ')}`, () => call(program, args, { status: null }).status === 0, 30_000);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
    }
    return this;
  }

  /** Asks it to end, and waits for that. */
  stop(): void {
    this.#child.kill('SIGTERM');
    // It stays a zombie: the event loop, which would bury it, stands still.
    const state = () => /^State:\t(.)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    until('the end of the daemon', () => state() === 'Z', 30_000);
  }
}

/** The files of an image: all of busybox, and a few users. */
export function makeImage(): string {
  const rootfs = join(temp, 'image');
  if (existsSync(rootfs)) return rootfs;
  makeRootfs(rootfs);
  for (const applet of shell('busybox --list').split('\n')) {
    const link = join(rootfs, 'bin', applet);
    if (!existsSync(link)) symlinkSync('busybox', link);
  }
  for (const path of ['run', 'var', 'home/user']) mkdirSync(join(rootfs, path), { recursive: true });
  const users = ['root:x:0:0:root:/root:/bin/sh', 'user:x:1000:1000::/home/user:/bin/sh'];
  writeFileSync(join(rootfs, 'etc/passwd'), `${users.join('\n')}\n`);
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n');
  shell(`chown 1000:1000 ${rootfs}/home/user`);
  return rootfs;
}

/** What is there of containers whose ID or name has `text` in it: processes, cgroups, and files in /run. */
export function traces(text: string): string[] {
  const files = shell(`find /run -xdev -name '*${text}*' 2>/dev/null; true`).split('\n');
  return [...files, ...cgroups()].filter((path) => path.includes(text));
}

/** Cgroups that Podman leaves with any runtime: conmon's, and pods' in the hierarchies without controllers. */
export const PODMAN_LEAVES = /\/conmon$|\/(systemd|unified)\/[^/]+\/[0-9a-f]{64}$/;

/** The parent of BuildKit's containers, which it leaves with any runtime. */
export const BUILDKIT_LEAVES = /\/buildkit$/;

/** What is left of a lab whose daemons have been stopped; waits a little for what is ending. */
export function remains(but = /^$/): string[] {
  const name = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  const others = () => processes().filter((pid) => pid !== 1);
  const places = () => cgroups().filter((path) => !but.test(path));
  const look = () => [...others().map((pid) => `process ${pid}: ${name(pid)}`), ...places()];
  for (let tries = 0; tries < 400 && look().length > 0; tries += 1) sleep(50);
  return look();
}

/** For --cgroup-parent: the cgroup of everything that this file's engines make. */
export const CGROUP = `/${tag}`;
