import { existsSync, readFileSync } from 'node:fs';

/** Whether this machine has its controllers in cgroup v1; a hybrid one counts. */
export const V1 = existsSync('/sys/fs/cgroup/memory');

/** A file of a cgroup, without the last newline: `v1` is CONTROLLER/FILE, `v2` the name of the file there. */
export function cgroupFile(cgroup: string, v1: string, v2: string): string {
  const [controller, file] = v1.split('/') as [string, string];
  const path = V1 ? `/sys/fs/cgroup/${controller}${cgroup}/${file}` : `/sys/fs/cgroup${cgroup}/${v2}`;
  return readFileSync(path, 'utf8').trim();
}
