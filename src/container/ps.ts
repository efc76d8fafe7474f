import { reopenCgroup } from '../cgroups/open.ts';
import type { ContainerOptions } from './options.ts';
import { readRecord } from './store.ts';

/** The `ps` command: the pids, on the host, of a container's processes; none when it has stopped. */
export function ps(options: ContainerOptions): number[] {
  const { cgroup_paths } = readRecord(options);
  return reopenCgroup(cgroup_paths)
    .processes()
    .sort((a, b) => a - b);
}
