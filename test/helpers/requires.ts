import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { isOldRunc, type Kind, runtime } from './runtime.ts';

/** What a test can ask for: the reason why it is missing, or false when it is there. */
const CHECKS: Record<string, () => string | false> = {
  root: () => process.getuid?.() !== 0 && 'root is required',
  // Raising a hard limit, or lowering an OOM score below what it was.
  CAP_SYS_RESOURCE: () => !hasCapability(24) && 'CAP_SYS_RESOURCE is required',
  'cgroup-v1': () => !existsSync('/sys/fs/cgroup/memory') && 'cgroup v1 is required',
  'cgroup-v2': () => !existsSync('/sys/fs/cgroup/cgroup.controllers') && 'cgroup v2 alone is required',
  apparmor: () => !existsSync('/sys/kernel/security/apparmor/profiles') && 'AppArmor is required',
  'time-namespace': () => !existsSync('/proc/self/ns/time') && 'a kernel with time namespaces is required',
  'x86-64': () => process.arch !== 'x64' && 'an x86-64 machine is required',
  overlay: () =>
    !readFileSync('/proc/filesystems', 'utf8').includes('overlay') && 'the overlay filesystem is required',
  systemd: () => !existsSync('/run/systemd/private') && 'systemd is required',
  criu: () => !succeeds('criu', 'check') && 'a criu that knows this kernel is required',
  // In 4.2.1 the page server loses its own pipe: "splice: Bad file descriptor".
  'criu-3': () => !/ 3\./.test(version('criu')) && 'criu 3 is required',
  'soft-dirty': () =>
    !succeeds('criu', 'check', '--feature', 'mem_dirty_track') && 'CONFIG_MEM_SOFT_DIRTY is required',
};

function hasCapability(bit: number): boolean {
  const mask = /^CapEff:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n;
}

const succeeds = (...line: [string, ...string[]]): boolean =>
  spawnSync(line[0], line.slice(1), { stdio: 'ignore' }).status === 0;

const version = (program: string): string =>
  spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '';

/** Whether the kernel has what came with this version of Linux. */
export function isSince(major: number, minor: number): boolean {
  const [first = 0, second = 0] = release().split('.').map(Number);
  return first > major || (first === major && second >= minor);
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, program)));
}

function missing(need: string): string | false {
  const check = CHECKS[need];
  if (check) return check();
  return !onPath(need) && `${need} is not installed`;
}

/**
 * Options for `t.test`: skips, with the reason, where one of `needs` is missing (a name of CHECKS, otherwise a program
 * on the PATH). With MUST_RUN=1 a missing need is an error, so that CI can't pass by skipping.
 */
export function requires(...needs: string[]): { skip: string | false } {
  const reason = needs.map(missing).find((text) => text !== false) ?? false;
  if (reason && process.env.MUST_RUN === '1') throw new Error(`MUST_RUN=1, but ${reason}`);
  return { skip: reason };
}

/** `newer runc`: 1.3.6 does it, Debian 12's does not. */
type Wanted = Kind | 'newer runc';

/**
 * As requires, for tests that make sense with some runtimes only; another RUNTIME is always a plain skip. LIFT=1 tries them
 * nevertheless: to see what a new version of runc can do.
 */
export function only(kinds: Wanted | Wanted[], ...needs: string[]): { skip: string | false } {
  const wanted = [kinds].flat();
  const names: Wanted[] = runtime.kind === 'runc' && !isOldRunc ? ['runc', 'newer runc'] : [runtime.kind];
  if (!wanted.some((name) => names.includes(name)) && process.env.LIFT !== '1')
    return { skip: `only ${wanted.join(', ')}` };
  return requires(...needs);
}

/** Skips the whole file where one of `needs` is missing; called at its top. */
export function suite(...needs: string[]): void {
  const { skip } = requires(...needs);
  if (!skip) return;
  t.plan(0, skip);
  process.exit(0);
}
