// Runs on the host.
import { listDirectory } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { syscall } from '../linux/syscall.ts';
import { cgroupError, isGone, readCgroupFileIfThere } from './file.ts';

/** The processes in a cgroup and in those below it; none if it is gone. */
export function processesBelow(dir: string): number[] {
  return [...processesIn(dir), ...subCgroups(dir).flatMap(processesBelow)];
}

function processesIn(dir: string): number[] {
  try {
    return readCgroupFileIfThere(dir, 'cgroup.procs').split('\n').filter(Boolean).map(Number);
  } catch (thrown) {
    // A threaded cgroup: its processes are listed in the one above that is not.
    if (failedWith(thrown, 'EOPNOTSUPP')) return [];
    throw thrown;
  }
}

/** The cgroups directly below one; none if it is gone. */
export function subCgroups(dir: string): string[] {
  try {
    const entries = listDirectory(dir).filter(({ isDirectory }) => isDirectory);
    return entries.map(({ name }) => `${dir}/${name}`);
  } catch (thrown) {
    if (isGone(thrown)) return [];
    throw cgroupError('CGROUP_READ', `read ${dir}`, thrown);
  }
}

/** Sends a signal to each process; those that have ended meanwhile do not matter. */
export function signalProcesses(pids: readonly number[], signal: number): void {
  for (const pid of pids) {
    try {
      syscall('kill', pid, signal);
    } catch (thrown) {
      if (!failedWith(thrown, 'ESRCH')) throw cgroupError('CGROUP_KILL', `signal process ${pid}`, thrown);
    }
  }
}
