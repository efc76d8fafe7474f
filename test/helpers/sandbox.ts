import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const NAME = basename(process.argv[1] ?? 'test').replace(/\.\w+$/, '');
const CGROUPS = '/sys/fs/cgroup';

/** Everything a test file makes lies in here, and goes when its process exits. */
export const temp = process.env.TRUNC_LAB ?? mkdtempSync(join(tmpdir(), `trunc-${NAME}-`));
// A mapped root of a user namespace must be able to walk to its rootfs.
chmodSync(temp, 0o755);
/** Unique to this test file; every path, cgroup and environment made here has it in its name. */
export const tag = basename(temp);
// Where a run of several files keeps a list: of those that are killed test/scripts/sweep.mjs removes the cgroups.
const entry = process.env.TRUNC_RUN && !process.env.TRUNC_LAB ? join(process.env.TRUNC_RUN, tag) : undefined;
if (entry !== undefined) writeFileSync(entry, '');
/** The `--root` of all runtime commands of this file; not made yet. */
export const root = join(temp, 'root');

let count = 0;
/** A container ID, or any other name, that nobody else uses. */
export function newId(): string {
  count += 1;
  return `${tag}-${String(count).padStart(3, '0')}`; // sorts in the order of making
}

/** How many times slower than usual this machine is; for times that only bound what hangs. */
export const slowness = Number(process.env.SLOW ?? 1);

/** Waits without an event loop. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** For what hangs: nothing that a test waits for takes as long, however busy the machine is. */
export const HANGS_MS = 30_000;

/** Polls until `check` returns something truthy, and returns that; throws after `milliseconds` (longer on a slow machine). */
export function until<T>(what: string, check: () => T, milliseconds = HANGS_MS): NonNullable<T> {
  const end = Date.now() + milliseconds * slowness;
  for (;;) {
    const value = check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    sleep(10);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isOurs(pid: string): boolean {
  const proc = (file: string) => read(`/proc/${pid}/${file}`);
  if (proc('cmdline') === '') return false; // a zombie, which is for its parent to bury
  if (['environ', 'cgroup', 'cmdline'].some((file) => proc(file).includes(tag))) return true;
  // A process whose / is a rootfs of ours. Fields: id, parent, device, root of the mount, mount point.
  return proc('mountinfo')
    .split('\n')
    .map((line) => line.split(' '))
    .some(([, , , from, at]) => at === '/' && from?.includes(tag));
}

/** Pids of the runtime's and the containers' live processes; this one is never among them. */
export function processes(): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.filter(isOurs).map(Number);
}

/** Kills them all; one that has ended meanwhile is none of them any more. */
export function endProcesses(): void {
  for (const pid of processes()) spawnSync('kill', ['-9', String(pid)], { stdio: 'ignore' });
}

function mounts(): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(tag))
    .map((line) => line.split(' ')[4] ?? '');
}

/** Every cgroup directory of this file, deepest first; `parent` says whether the shared `/TAG` ones count. */
export function cgroups(parent = false): string[] {
  const found: string[] = [];
  const walk = (dir: string) => {
    let entries: string[] = [];
    try {
      const all = readdirSync(dir, { withFileTypes: true });
      entries = all.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch {
      return; // removed by somebody else meanwhile
    }
    for (const name of entries) {
      const path = join(dir, name);
      walk(path);
      if (path.includes(tag) && (parent || name !== tag)) found.push(path);
    }
  };
  walk(CGROUPS);
  return found;
}

function rootEntries(): string[] {
  try {
    const names = readdirSync(root, { recursive: true }).map(String);
    // Compiled profiles stay for the next container, and so does what crun mounts over directories.
    return names
      .filter((name) => !/^(@seccomp|\.empty-directory)/.test(name))
      .map((name) => join(root, name));
  } catch {
    return [];
  }
}

const DYING_MS = 10_000;

/** What containers of this file have left behind, in words; waits a little for processes that are dying. */
export function leftovers(): string[] {
  const look = () => [
    ...processes().map((pid) => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`),
    ...mounts().map((path) => `mount ${path}`),
    ...cgroups().map((path) => `cgroup ${path}`),
    ...rootEntries().map((path) => `file ${path}`),
  ];
  const end = Date.now() + DYING_MS * slowness;
  let found = look();
  while (found.length > 0 && Date.now() < end) {
    sleep(20);
    found = look();
  }
  return found;
}

/** The `MAJOR:[INODE]` link of a namespace, such as `net:[4026531840]`. */
export function namespaceOf(pid: number | 'self', type: string): string {
  return readlinkSync(`/proc/${pid}/ns/${type}`);
}

process.on('exit', () => {
  // In a lab (lab.ts): what is mounted ends with it, and its maker cleans up.
  if (process.env.TRUNC_LAB !== undefined) return;
  endProcesses();
  for (const path of mounts().reverse()) spawnSync('umount', ['-l', path]);
  for (const path of cgroups(true)) {
    try {
      until(`removal of ${path}`, () => {
        try {
          rmdirSync(path);
          return true;
        } catch (error) {
          return (error as NodeJS.ErrnoException).code !== 'EBUSY';
        }
      });
    } catch (error) {
      console.error(String(error));
    }
  }
  rmSync(temp, { recursive: true, force: true });
  if (entry !== undefined) rmSync(entry, { force: true });
});
