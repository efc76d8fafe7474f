// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { readFile } from '../linux/file.ts';
import { log } from '../log.ts';
import type { Resources } from '../spec/config.ts';
import { type Hierarchy, modeOf, parseHierarchies, unifiedTop } from './mode.ts';
import { firstLimit, mayMake, NoCgroup } from './none.ts';
import { cgroupPaths, ownDirectory } from './path.ts';
import { SystemdCgroup } from './systemd/manager.ts';
import { annotatedProperties } from './systemd/properties.ts';
import { Systemd, type SystemdOptions } from './systemd/systemd.ts';
import { unitPlace } from './systemd/unit.ts';
import type { Cgroup } from './types.ts';
import { V1Cgroup } from './v1/manager.ts';
import { V2Cgroup } from './v2/manager.ts';

export interface NewCgroup {
  cgroupsPath: string | undefined;
  id: string;
  /** Present when systemd shall make it. */
  systemd?: SystemdOptions | undefined;
  annotations?: Readonly<Record<string, string>> | undefined;
  /** Whether a container that asks for no cgroup and no limits may go without where its caller may make none. */
  forgiving?: boolean;
  resources?: Resources | undefined;
}

/** The cgroup for a new container, in whatever hierarchies are mounted; nothing is made yet. */
export function openCgroup(wanted: NewCgroup): Cgroup {
  const hierarchies = parseHierarchies(readFile('/proc/self/mountinfo'), readFile('/proc/self/cgroup'));
  const { cgroupsPath, id, systemd, forgiving = false, resources = {} } = wanted;
  if (systemd !== undefined) return openUnit(hierarchies, { ...wanted, systemd });
  if (!forgiving || cgroupsPath) return openIn(hierarchies, cgroupPaths(hierarchies, cgroupsPath, id));
  const paths = tryPaths(hierarchies, id);
  if (paths !== undefined && mayMake(paths)) return openIn(hierarchies, paths);
  const none = new NoCgroup();
  none.set(resources);
  log.debug('the container gets no cgroup, because this user may not make one');
  return none;
}

/** What the caller wants who wants none. */
export function withoutCgroup(resources: Resources = {}): Cgroup {
  const limited = firstLimit(resources);
  if (limited === undefined) return new NoCgroup();
  const message = `${limited}: --cgroup-manager=disabled leaves nothing to limit it with`;
  throw new RuntimeError(message, {
    code: 'CGROUP_ROOTLESS',
    field: limited,
    hint: 'leave out one of the two',
  });
}

/** The default; undefined where this process's own cgroup cannot be seen, or there are none. */
function tryPaths(hierarchies: readonly Hierarchy[], id: string): Record<string, string> | undefined {
  if (hierarchies.length === 0) return undefined;
  try {
    return cgroupPaths(hierarchies, undefined, id);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'CGROUP_PATH') return undefined;
    throw error;
  }
}

/** As the unit of a systemd, whose own cgroup it is below. */
function openUnit(
  hierarchies: readonly Hierarchy[],
  wanted: NewCgroup & { systemd: SystemdOptions },
): Cgroup {
  const { cgroupsPath, id, annotations } = wanted;
  const { user } = wanted.systemd;
  const place = unitPlace(cgroupsPath, id, user ? 'user.slice' : 'system.slice');
  const properties = annotatedProperties(annotations);
  const systemd = new Systemd(wanted.systemd);
  const above = user ? systemd.controlGroup() : '';
  const inner = openIn(hierarchies, cgroupPaths(hierarchies, `${above}${place.path}`, id));
  return new SystemdCgroup(inner, { ...place, properties }, systemd);
}

function openIn(hierarchies: readonly Hierarchy[], paths: Readonly<Record<string, string>>): Cgroup {
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

/** The cgroup of an existing container that is a unit of systemd. */
export function reopenUnit(
  paths: Readonly<Record<string, string>>,
  unit: string,
  options: SystemdOptions,
): Cgroup {
  return new SystemdCgroup(reopenCgroup(paths), { unit }, new Systemd(options));
}

/** The cgroup of an existing container, from the paths in its state.json. */
export function reopenCgroup(paths: Readonly<Record<string, string>>): Cgroup {
  if (Object.keys(paths).length === 0) return new NoCgroup();
  const { '': unified, ...version1 } = paths;
  if (unified !== undefined && Object.keys(version1).length === 0) return new V2Cgroup(unified);
  return new V1Cgroup(paths);
}
