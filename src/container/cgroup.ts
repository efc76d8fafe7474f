import { reopenCgroup, reopenUnit } from '../cgroups/open.ts';
import type { Cgroup } from '../cgroups/types.ts';
import type { ContainerOptions } from './options.ts';
import type { ContainerRecord } from './store.ts';

/** The cgroup of a container that is to be changed or removed, by systemd if it is a unit of its. */
export function cgroupOf({ systemd }: ContainerOptions, record: ContainerRecord): Cgroup {
  const { cgroup_paths: paths, systemd_unit: unit } = record;
  return unit === undefined || systemd === undefined ? reopenCgroup(paths) : reopenUnit(paths, unit, systemd);
}
