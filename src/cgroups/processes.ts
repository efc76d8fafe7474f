// Runs on the host.
import type { Fd } from '../linux/fd.ts';
import { readAll } from '../linux/file.ts';
import { failedWith, O_RDONLY } from '../linux/path.ts';
import { syscall } from '../linux/syscall.ts';
import { cgroupError, isGone } from './file.ts';
import { cgroupsBelow, openCgroupDirectory, tryOpenBelow } from './tree.ts';

const PROCESSES = 'cgroup.procs';

/** The processes in a cgroup and in those below it; none if it is gone. */
export function processesBelow(dir: string): number[] {
  using top = openCgroupDirectory(dir);
  if (top === undefined) return [];
  return ['', ...cgroupsBelow(top, dir)].flatMap((path) => processesIn(top, path, dir));
}

function processesIn(top: Fd, path: string, dir: string): number[] {
  try {
    using file = tryOpenBelow(top, path === '' ? PROCESSES : `${path}/${PROCESSES}`, O_RDONLY);
    return file === undefined ? [] : readAll(file).split('\n').filter(Boolean).map(Number);
  } catch (thrown) {
    // A threaded cgroup: its processes are listed in the one above that is not.
    if (isGone(thrown) || failedWith(thrown, 'EOPNOTSUPP')) return [];
    throw cgroupError('CGROUP_READ', `read ${PROCESSES} below ${dir}`, thrown);
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
