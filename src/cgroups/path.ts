// Pure.
import { RuntimeError } from '../errors.ts';
import { dirname } from '../posix-path.ts';
import { type Hierarchy, modeOf } from './mode.ts';

/**
 * linux.cgroupsPath as one absolute directory per controller. An absolute path starts at the mount point; a relative
 * one, and the ID if there is none, at this process's own cgroup, so that limits on the caller bind the container.
 */
export function cgroupPaths(
  hierarchies: readonly Hierarchy[],
  cgroupsPath: string | undefined,
  id: string,
): Record<string, string> {
  const path = cgroupsPath || id;
  const inner = normalized(path);
  const unified = modeOf(hierarchies) === 'unified';

  const paths: Record<string, string> = {};
  for (const hierarchy of hierarchies) {
    const start = path.startsWith('/') ? hierarchy.mountPoint : relativeStart(hierarchy, unified);
    for (const controller of hierarchy.controllers) paths[controller] = start + inner;
  }
  return paths;
}

/** The directory of the cgroup that this process is in; undefined if it cannot be seen from here. */
export function ownDirectory({ own, root, mountPoint }: Hierarchy): string | undefined {
  if (own === root) return mountPoint;
  if (root === '/') return own.startsWith('/..') ? undefined : mountPoint + own;
  return own.startsWith(`${root}/`) ? mountPoint + own.slice(root.length) : undefined;
}

function relativeStart(hierarchy: Hierarchy, unified: boolean): string {
  const own = ownDirectory(hierarchy);
  if (own === undefined) {
    throw badPath(
      `own cgroup ${hierarchy.own} is not below ${hierarchy.root}, mounted on ${hierarchy.mountPoint}`,
    );
  }
  // Version 2 has no controllers below a cgroup with processes of its own, and we are in this one.
  return unified && own !== hierarchy.mountPoint ? dirname(own) : own;
}

/** Without empty and `.` parts, and with a slash in front. */
function normalized(path: string): string {
  let inner = '';
  for (const part of path.split('/')) {
    if (part === '..') throw badPath(`cgroup path ${JSON.stringify(path)} contains ".."`);
    if (part !== '' && part !== '.') inner += `/${part}`;
  }
  if (inner === '') throw badPath(`cgroup path ${JSON.stringify(path)} names the root cgroup`);
  return inner;
}

function badPath(message: string): RuntimeError {
  const hint = 'give an absolute path without ".." such as /group/container';
  return new RuntimeError(message, { code: 'CGROUP_PATH', field: 'linux.cgroupsPath', hint });
}
