/** Removes what a test file has left behind that was killed, by its time limit for example: cgroups, and its directory. */
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from './project.mjs';

const CGROUPS = '/sys/fs/cgroup';
const ATTEMPTS = 50;
const PAUSE_MS = 20;

/** A directory in which each running test file has an entry (test/helpers/sandbox.ts) until it has cleaned up after itself. */
export function openRegister() {
  return mkdtempSync(join(tmpdir(), 'trunc-run-'));
}

/** Ends what still runs in the cgroups of registered files, which have ended themselves, and removes all that is theirs. */
export function sweep(register) {
  for (const tag of readdirSync(register)) {
    const left = cgroupsNamed(tag, CGROUPS);
    for (let attempt = 0; attempt < ATTEMPTS && left.some((path) => !remove(path)); attempt++) pause();
    // What is mounted below it is somebody's.
    const isMounted = readFileSync('/proc/self/mountinfo', 'utf8').includes(tag);
    if (!isMounted) rmSync(join(tmpdir(), tag), { recursive: true, force: true });
    say(`swept: ${left.length} cgroups of ${tag}, which was killed`);
  }
  rmSync(register, { recursive: true });
}

/** The directories that have `tag` in their paths, the deepest first. */
function cgroupsNamed(tag, directory) {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(directory, name);
      return [...cgroupsNamed(tag, path), ...(path.includes(tag) ? [path] : [])];
    });
}

/** False while processes are in it: they are killed, which takes the kernel a moment. */
function remove(path) {
  try {
    for (const pid of readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
      process.kill(Number(pid), 'SIGKILL');
    rmdirSync(path);
    return true;
  } catch (error) {
    return error.code === 'ENOENT';
  }
}

function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
