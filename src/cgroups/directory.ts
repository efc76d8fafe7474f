// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { makeDirectory as makeOne, removeDirectory } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { pause } from '../linux/pause.ts';
import { dirname } from '../posix-path.ts';
import { cgroupError } from './file.ts';
import { processesBelow } from './processes.ts';
import { removeBelow } from './tree.ts';

/** Makes a directory and its missing parents, and appends those it made to `made`, parents first. False if it is there. */
export function makeDirectory(dir: string, made: string[], attempts = 3): boolean {
  try {
    makeOne(dir, 0o755);
    made.push(dir);
    return true;
  } catch (thrown) {
    if (failedWith(thrown, 'EEXIST')) return false;
    if (!failedWith(thrown, 'ENOENT') || attempts === 0)
      throw cgroupError('CGROUP_CREATE', `mkdir ${dir}`, thrown, { field: 'linux.cgroupsPath' });
  }
  makeDirectory(dirname(dir), made, attempts);
  // Not once only: another container's end may remove the parent at this moment.
  return makeDirectory(dir, made, attempts - 1);
}

/** Removes empty directories, last first, and leaves alone those that others use. */
export function unmakeDirectories(made: string[]): void {
  for (let dir = made.pop(); dir !== undefined; dir = made.pop()) tryRemove(dir);
}

/** Removes the cgroups and all below them. One system call each if nothing is in the way. */
export function removeDirectories(dirs: readonly string[]): void {
  let busy: string[] = [];
  for (const dir of dirs) if (!tryRemove(dir)) busy.push(dir);
  // A killed process stays in its cgroup until the kernel is done with it: some milliseconds.
  for (let wait = 0.25; busy.length > 0; wait *= 2) {
    busy = busy.filter((dir) => !tryRemoveTree(dir));
    if (busy.length === 0) return;
    if (wait > 512) throw stillBusy(busy[0] as string);
    pause(wait);
  }
}

/** False if the cgroup is in use. */
function tryRemove(dir: string): boolean {
  try {
    removeDirectory(dir);
    return true;
  } catch (thrown) {
    if (failedWith(thrown, 'ENOENT')) return true;
    if (failedWith(thrown, 'EBUSY', 'ENOTEMPTY')) return false;
    throw cgroupError('CGROUP_REMOVE', `rmdir ${dir}`, thrown);
  }
}

function tryRemoveTree(dir: string): boolean {
  removeBelow(dir);
  return tryRemove(dir);
}

function stillBusy(dir: string): RuntimeError {
  const pids = processesBelow(dir);
  const inside = pids.length > 0 ? `processes ${pids.join(', ')} are in it` : 'a cgroup below it is in use';
  return new RuntimeError(`cannot remove cgroup ${dir}: ${inside}`, {
    code: 'CGROUP_BUSY',
    errno: 'EBUSY',
    hint: 'a process that does not end after SIGKILL waits for a device or a network filesystem',
  });
}
