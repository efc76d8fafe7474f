// Runs on the host.
import { changeOwner, readFile } from '../../linux/file.ts';
import { failedWith } from '../../linux/path.ts';
import { cgroupError } from '../file.ts';

/** Hands a cgroup over to a user of the host: the directory and what the kernel says may be handed over (cgroups(7)). */
export function giveCgroup(dir: string, uid: number): void {
  changeUser(dir, uid);
  for (const file of delegatedFiles()) {
    // Not every cgroup has every file.
    if (file !== '') changeUser(`${dir}/${file}`, uid);
  }
}

function delegatedFiles(): string[] {
  try {
    return readFile('/sys/kernel/cgroup/delegate').split('\n');
  } catch {
    // Linux 4.15 and later has the list.
    return ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];
  }
}

const SAME_GROUP = -1;

function changeUser(path: string, uid: number): void {
  try {
    changeOwner(path, uid, SAME_GROUP);
  } catch (thrown) {
    if (failedWith(thrown, 'ENOENT')) return;
    throw cgroupError('CGROUP_OWNER', `give ${path} to user ${uid}`, thrown, { field: 'linux.cgroupsPath' });
  }
}
