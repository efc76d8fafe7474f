// Pure.
import { unescaped } from '../linux/mountinfo.ts';

/** One cgroup hierarchy that is mounted here. */
export interface Hierarchy {
  /** As in /proc/self/cgroup: `['cpu', 'cpuacct']`, `['name=systemd']`, or `['']` for version 2. */
  controllers: string[];
  mountPoint: string;
  /** The cgroup that is visible at the mount point; not `/` inside of many containers. */
  root: string;
  /** The cgroup that this process is in. */
  own: string;
}

/** `unified`: version 2 only; `legacy`: version 1 only; `hybrid`: version 1, and version 2 without its controllers. */
export type Mode = 'unified' | 'legacy' | 'hybrid';

/** The mode that a set of hierarchies amounts to; undefined if there are none. */
export function modeOf(hierarchies: readonly Hierarchy[]): Mode | undefined {
  let version2 = 0;
  for (const { controllers } of hierarchies) if (controllers[0] === '') version2++;
  if (hierarchies.length === 0) return undefined;
  if (version2 === 0) return 'legacy';
  return version2 === hierarchies.length ? 'unified' : 'hybrid';
}

/** Where version 2 is mounted, if it is. */
export function unifiedTop(hierarchies: readonly Hierarchy[]): string | undefined {
  for (const { controllers, mountPoint } of hierarchies) if (controllers[0] === '') return mountPoint;
  return undefined;
}

/**
 * The mounted hierarchies, from the texts of /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)).
 * Plain loops, here and in what follows: an engine parses `find`, `filter` and iterators of its own at their first
 * use, which takes longer than all the rest.
 */
export function parseHierarchies(mountinfo: string, ownCgroups: string): Hierarchy[] {
  const mounts = cgroupMounts(mountinfo);
  const hierarchies: Hierarchy[] = [];
  for (const line of ownCgroups.split('\n')) {
    const [, names, ...path] = line.split(':');
    if (names === undefined) continue;
    const controllers = names.split(',');
    const mount = mountOf(controllers[0] as string, mounts);
    if (mount === undefined) continue;
    hierarchies.push({ controllers, mountPoint: mount.mountPoint, root: mount.root, own: path.join(':') });
  }
  return hierarchies;
}

interface CgroupMount {
  root: string;
  mountPoint: string;
  /** The controllers among other options; `['']` for version 2. */
  options: string[];
}

/** The first place where a hierarchy is mounted; of two mounts there only the later one is to be seen. */
function mountOf(controller: string, mounts: readonly CgroupMount[]): CgroupMount | undefined {
  let found: CgroupMount | undefined;
  for (const mount of mounts) {
    if (!mount.options.includes(controller)) continue;
    if (found === undefined || found.mountPoint === mount.mountPoint) found = mount;
  }
  return found;
}

/** Looks only at the lines of cgroups: a host full of containers has hundreds of others. */
function cgroupMounts(mountinfo: string): CgroupMount[] {
  const separator = ' - cgroup';
  const mounts: CgroupMount[] = [];
  for (let at = mountinfo.indexOf(separator); at >= 0; at = mountinfo.indexOf(separator, at + 1)) {
    const end = mountinfo.indexOf('\n', at);
    const [, , , root = '', mountPoint = ''] = mountinfo
      .slice(mountinfo.lastIndexOf('\n', at) + 1, at)
      .split(' ');
    const [, , type, , options = ''] = mountinfo.slice(at, end < 0 ? undefined : end).split(' ');
    mounts.push({
      root: unescaped(root),
      mountPoint: unescaped(mountPoint),
      options: type === 'cgroup2' ? [''] : options.split(','),
    });
  }
  return mounts;
}
