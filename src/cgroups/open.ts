// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { readFile } from '../linux/file.ts';
import { type Hierarchy, modeOf, parseHierarchies } from './mode.ts';
import { cgroupPaths, ownDirectory } from './path.ts';
import type { Cgroup } from './types.ts';
import { V1Cgroup } from './v1/manager.ts';
import { V2Cgroup } from './v2/manager.ts';

/** The cgroup for a new container, in whatever hierarchies are mounted; nothing is made yet. */
export function openCgroup({ cgroupsPath, id }: { cgroupsPath: string | undefined; id: string }): Cgroup {
  const hierarchies = parseHierarchies(readFile('/proc/self/mountinfo'), readFile('/proc/self/cgroup'));
  const paths = cgroupPaths(hierarchies, cgroupsPath, id);
  const [first] = hierarchies;
  if (first === undefined) {
    const hint = 'mount cgroup2 on /sys/fs/cgroup';
    throw new RuntimeError('no cgroup filesystem is mounted', { code: 'CGROUP_NONE', hint });
  }
  if (modeOf(hierarchies) !== 'unified') return new V1Cgroup(paths, unifiedTop(hierarchies));
  const own = ownDirectory(first);
  const ownProcs = own && `${own}/cgroup.procs`;
  return new V2Cgroup(paths[''] as string, { mountPoint: first.mountPoint, ownProcs });
}

function unifiedTop(hierarchies: readonly Hierarchy[]): string | undefined {
  for (const { controllers, mountPoint } of hierarchies) if (controllers[0] === '') return mountPoint;
  return undefined;
}

/** The cgroup of an existing container, from the paths in its state.json. */
export function reopenCgroup(paths: Readonly<Record<string, string>>): Cgroup {
  const { '': unified, ...version1 } = paths;
  if (unified !== undefined && Object.keys(version1).length === 0) return new V2Cgroup(unified);
  return new V1Cgroup(paths);
}
