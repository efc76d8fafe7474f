/** The runtimes that are compared, and the containers that they are given: all alike, each with its own names. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, stop } from '../scripts/project.mjs';
import { findProgram } from '../scripts/setup.mjs';

const CGROUP_ROOT = '/sys/fs/cgroup';
/** All cgroups of a benchmark are below one of this name. */
export const CGROUP = 'trunc-bench';

export const temp = mkdtempSync(join(tmpdir(), 'trunc-bench-'));
const messages = join(temp, 'stderr');
const stderr = openSync(messages, 'a+');
const environment = { PATH: process.env.PATH };

/** Runs a program to its end and returns the milliseconds that it took; its failure ends the benchmark. */
export function time(command, args) {
  const options = { stdio: ['ignore', 'ignore', stderr], env: environment };
  const start = process.hrtime.bigint();
  const { status, error } = spawnSync(command, args, options);
  const end = process.hrtime.bigint();
  if (status === 0) return Number(end - start) / 1e6;
  return stop(
    `${command} ${args.join(' ')}: ${error?.message ?? `status ${status}`}\n${readFileSync(messages, 'utf8')}`,
  );
}

/** A rootfs of busybox alone. */
function makeRootfs() {
  const rootfs = join(temp, 'rootfs');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync(findProgram('busybox') ?? stop('busybox is missing'), join(rootfs, 'bin/busybox'));
  for (const name of ['true', 'sleep']) symlinkSync('busybox', join(rootfs, 'bin', name));
  return rootfs;
}

const rootfs = makeRootfs();
const hello = JSON.parse(readFileSync(at('bundles/hello/config.json'), 'utf8'));

/** The directory of a bundle: bundles/hello with another program and place; without `cgroup` its cgroup is named after the ID. */
export function makeBundle(name, args, cgroup, linux = {}) {
  const bundle = join(temp, name);
  mkdirSync(bundle);
  const config = structuredClone(hello);
  config.root.path = rootfs;
  config.process.args = args;
  Object.assign(config.linux, linux);
  if (cgroup) config.linux.cgroupsPath = `/${CGROUP}/${cgroup}`;
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

export class Runtime {
  constructor(name, command) {
    this.name = name;
    this.command = command;
    this.root = join(temp, `${name}-root`);
    this.pidFile = join(temp, `${name}-pid`);
    /** Ends at once. */
    this.short = makeBundle(`${name}-short`, ['/bin/true'], name);
    /** Stays. */
    this.long = makeBundle(`${name}-long`, ['/bin/sleep', '100000'], `${name}-long`);
    /** Ends at once; its memory counts as that of the command that makes it. */
    this.counted = makeBundle(`${name}-counted`, ['/bin/true'], 'memory/container');
  }

  /** The last line that speaks of it, as Docker does: the first may be for programs that look for runc. */
  get version() {
    return this.output(['--version'])
      .split('\n')
      .findLast((line) => line.includes('version'));
  }

  output(args) {
    return spawnSync(this.command, args, { encoding: 'utf8' }).stdout;
  }

  /** A whole command line. */
  args(verb, ...rest) {
    return ['--root', this.root, verb, ...rest];
  }

  time(verb, ...rest) {
    return time(this.command, this.args(verb, ...rest));
  }

  create(bundle, id) {
    return this.time('create', '--bundle', bundle, '--pid-file', this.pidFile, id);
  }

  /** The pid of the container that was created last. */
  pid() {
    return Number(readFileSync(this.pidFile, 'utf8'));
  }
}

export function findRuntimes(names) {
  const commands = { trunc: at('dist/trunc'), runc: findProgram('runc'), crun: findProgram('crun') };
  return names.map((name) => {
    const command = name in commands ? commands[name] : name;
    if (!command || !existsSync(command))
      stop(`${name} is missing: npm run build, apt-get install runc crun`);
    return new Runtime(name.replaceAll('/', '_'), command);
  });
}

/** Waits until a process has ended, a zombie included, without using the processor that it may need. */
export function waitForEnd(pid) {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; isAlive(pid); tries += 1) {
    if (tries > 20_000) stop(`process ${pid} does not end`);
    Atomics.wait(cell, 0, 0, 0.5);
  }
}

function isAlive(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** The directories that a cgroup has: one for each hierarchy of v1, or the one of v2. */
export function cgroupDirectories(name) {
  if (existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))) return [join(CGROUP_ROOT, name)];
  return readdirSync(CGROUP_ROOT)
    .map((hierarchy) => join(CGROUP_ROOT, hierarchy))
    .filter((hierarchy) => existsSync(join(hierarchy, 'cgroup.procs')))
    .map((hierarchy) => join(hierarchy, name));
}

export function cleanUp() {
  rmSync(temp, { recursive: true, force: true });
  for (const directory of cgroupDirectories(CGROUP)) if (existsSync(directory)) rmdirSync(directory);
}
