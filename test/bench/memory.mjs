/**
 * Memory, in KiB. Peak: everything that the kernel charges to a fresh memory cgroup while the command and all that it starts run in
 * it. Files that are in the page cache already, such as the executables, are charged to whoever read them first and
 * are not in it. The kernel charges in batches: about 0.3 MiB are noise.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Samples } from './rounds.mjs';
import { CGROUP, cgroupDirectories, time, waitForEnd } from './runtimes.mjs';

const V1 = '/sys/fs/cgroup/memory';
const PEAKS = ['memory.max_usage_in_bytes', 'memory.peak'];

/** The one directory of a cgroup that counts memory. */
function memoryDirectory(name) {
  if (existsSync(V1)) return join(V1, CGROUP, name);
  const [directory] = cgroupDirectories(`${CGROUP}/${name}`);
  return directory;
}

/** Runs a command in a cgroup of its own and adds its peak; `after` undoes what the command has done. */
function peak(runtime, what, [verb, ...args], samples, after = () => {}) {
  const group = memoryDirectory('memory');
  const own = join(group, 'command');
  mkdirSync(own, { recursive: true });
  if (existsSync(join(group, 'cgroup.subtree_control'))) {
    for (const directory of [join(group, '../..'), join(group, '..'), group])
      writeFileSync(join(directory, 'cgroup.subtree_control'), '+memory');
  }
  const script = 'echo $$ >"$0/cgroup.procs" && exec "$@"';
  time('sh', ['-c', script, own, runtime.command, ...runtime.args(verb, ...args)]);
  const file = PEAKS.map((name) => join(group, name)).find((path) => existsSync(path));
  samples.add(what, runtime, Number(readFileSync(file, 'utf8')) / 1024);
  after();
  rmdirSync(own);
  for (const directory of cgroupDirectories(`${CGROUP}/memory`))
    if (existsSync(directory)) rmdirSync(directory);
}

/**
 * Memory of the init that waits for `start`, which no other process shares. What is clean is its part of files that a second
 * waiting init would share with it, such as the executable; what it has written is its own for good.
 */
function waitingInit(runtime, samples) {
  const rollup = readFileSync(`/proc/${runtime.pid()}/smaps_rollup`, 'utf8');
  const size = (name) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(rollup)[1]);
  const dirty = size('Private_Dirty');
  samples.add('waiting init, private', runtime, dirty + size('Private_Clean'));
  samples.add('waiting init, private and written', runtime, dirty);
}

function measure(runtime, samples) {
  const id = `${runtime.name}-memory`;
  const remove = () => runtime.time('delete', '--force', id);
  peak(runtime, 'run', ['run', '--bundle', runtime.counted, id], samples);
  peak(runtime, 'create', ['create', '--bundle', runtime.counted, id], samples, remove);
  runtime.create(runtime.long, id);
  waitingInit(runtime, samples);
  const pid = runtime.pid();
  peak(runtime, 'start', ['start', id], samples);
  peak(runtime, 'state', ['state', id], samples);
  peak(runtime, 'list', ['list'], samples);
  peak(runtime, 'kill', ['kill', id, 'KILL'], samples);
  waitForEnd(pid);
  peak(runtime, 'delete', ['delete', id], samples);
}

export function measureMemory(runtimes, rounds) {
  const samples = new Samples();
  for (let round = 0; round < rounds; round += 1) for (const runtime of runtimes) measure(runtime, samples);
  return samples;
}
