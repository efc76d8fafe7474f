import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Change, makeBundle } from './bundle.ts';
import { type Container, type Result, type RunOptions, run, runtime, state, succeed } from './runtime.ts';
import { newId, root, tag, temp } from './sandbox.ts';

/** Nobody on this machine, and still no root: what the kernel looks at is the number. */
export const UID = 54_321;

/** In front of a command: it runs as that user, in no group but its own. */
const AS_USER = ['chroot', `--userspec=${UID}:${UID}`, '--groups=', '--skip-chdir', '/'];

/** The runtime where everybody can execute it: the project may be in a directory of root's. */
function reachable(): string[] {
  if (runtime.kind !== 'trunc' || runtime.node) return runtime.argv;
  const directory = join(temp, 'program');
  mkdirSync(directory, { recursive: true });
  const [file = ''] = runtime.argv;
  for (const [from, to] of [
    [file, 'trunc'],
    [join(file, '../koffi.node'), 'koffi.node'],
  ] as const)
    copyFileSync(from, join(directory, to));
  return [join(directory, 'trunc')];
}

const own: { program?: string[] } = {};

/** As a wrapper of RunOptions: `before` is what runs as root, in front of all, and `after` as the user. */
export function wrapper(before: string[] = [], after: string[] = [], file?: string): string[] {
  own.program ??= reachable();
  const [program = ''] = file === undefined ? own.program : [file];
  // The first of its arguments is the runtime's own path.
  if (runtime.kind === 'trunc' && !runtime.node)
    return [...before, ...AS_USER, ...after, 'sh', '-c', 'shift; exec "$0" "$@"', program];
  return [...before, ...AS_USER, ...after];
}

/** Gives a directory and all below it to the user. */
function give(path: string): void {
  chownSync(path, UID, UID);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) give(join(path, entry.name));
  }
}

/** The --root of the user, which is that of all commands. */
export function prepareRoot(): void {
  mkdirSync(root, { recursive: true, mode: 0o711 });
  chownSync(root, UID, UID);
}

/** For a Change: what `spec --rootless` would have: root is the user, everything else nobody. */
function asUser(config: Parameters<Change>[0]): void {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: UID, size: 1 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: UID, size: 1 }];
  delete config.linux.cgroupsPath;
}

/** A bundle that belongs to the user. */
export function userBundle(change: Change = () => {}, script?: string | string[]): string {
  const bundle = makeBundle((config) => {
    if (script !== undefined)
      config.process.args = Array.isArray(script) ? script : ['/bin/sh', '-c', script];
    asUser(config);
    change(config);
  });
  give(bundle);
  return bundle;
}

/** One command of the runtime, by the user. */
export function user(args: string[], options: RunOptions = {}): Result {
  return run(args, { wrapper: wrapper(), ...options });
}

/** What a script prints in a container that the user runs, without the last newline; throws if it fails. */
export function userInside(change: Change, script: string | string[], options: RunOptions = {}): string {
  const { status, signal, stdout, stderr } = attemptAsUser(change, script, options);
  if (status !== 0) throw new Error(`container: exit ${status ?? signal}: ${stderr.trim()} ${stdout.trim()}`);
  return stdout.trimEnd();
}

export function attemptAsUser(change: Change, script: string | string[], options: RunOptions = {}): Result {
  return user(['run', newId()], { bundle: userBundle(change, script), ...options });
}

/** A created container of the user's; deleted by the user at the end of the test. */
export function userContainer(t: Test, change: Change = () => {}, options: RunOptions = {}): Container {
  const id = newId();
  const bundle = userBundle(change, ['/bin/sleep', '1000']);
  const all = { wrapper: wrapper(), ...options };
  t.teardown(() => void run(['delete', '--force', id], all));
  const output = succeed(['create', id], { ...all, bundle });
  return { id, bundle, pid: state(id)?.pid ?? 0, output };
}

const TOP = '/sys/fs/cgroup';

/** Where the hierarchies are mounted. */
export const hierarchies = existsSync(`${TOP}/cgroup.controllers`)
  ? [TOP]
  : readdirSync(TOP).map((name) => join(TOP, name));

/** A cgroup with one in it, both of the user's, in every hierarchy; `options` have a command run in the inner one. */
export function delegated(t: Test): { path: string; options: RunOptions } {
  const path = `${tag}/${newId()}`;
  const joins: string[] = [];
  for (const top of hierarchies) {
    const place = join(top, path);
    const inner = join(place, 'inner');
    mkdirSync(inner, { recursive: true });
    if (existsSync(`${TOP}/cgroup.controllers`))
      writeFileSync(join(top, tag, 'cgroup.subtree_control'), '+memory +pids');
    t.teardown(() => {
      rmdirSync(inner);
      rmdirSync(place);
    });
    for (const below of [tag, path, join(path, 'inner')]) fillCpuset(top, join(top, below));
    for (const directory of [place, inner]) {
      for (const file of ['.', 'cgroup.procs', 'tasks', 'cgroup.subtree_control', 'cgroup.threads'])
        if (existsSync(join(directory, file))) chownSync(join(directory, file), UID, UID);
    }
    joins.push(`echo 0 > ${inner}/cgroup.procs`);
  }
  // In version 2 who moves processes has to be in it already.
  return { path, options: { wrapper: wrapper(['sh', '-c', `${joins.join(' && ')} && exec "$@"`, 'sh']) } };
}

/** In version 1 nobody can join without. */
function fillCpuset(top: string, directory: string): void {
  if (!top.endsWith('cpuset')) return;
  for (const name of ['cpuset.cpus', 'cpuset.mems'])
    writeFileSync(join(directory, name), readFileSync(join(top, name)));
}
