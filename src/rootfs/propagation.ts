// Runs in the container's namespaces, and for its copies of mounts on the host.
import { dirname } from 'node:path';
import { MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, mount } from '../linux/mount.ts';
import { failedWith } from '../linux/path.ts';
import type { RootfsPropagation, Spec } from '../spec/config.ts';
import { namespaceOf } from '../spec/query.ts';

const flags: Record<RootfsPropagation, number> = {
  private: MS_PRIVATE,
  rprivate: MS_PRIVATE | MS_REC,
  shared: MS_SHARED,
  rshared: MS_SHARED | MS_REC,
  slave: MS_SLAVE,
  rslave: MS_SLAVE | MS_REC,
  unbindable: MS_UNBINDABLE,
  runbindable: MS_UNBINDABLE | MS_REC,
};

/**
 * Sets how mounts travel between the host and the new mount namespace before anything is mounted there:
 * by default from the host to the container only.
 */
export function detachPropagation(propagation: RootfsPropagation | undefined, rootfs: string): void {
  const flag = flags[propagation ?? 'rslave'];
  // What is unbindable could not become the container's root.
  mount(null, '/', flag & MS_UNBINDABLE ? MS_PRIVATE | (flag & MS_REC) : flag);
  // One that only receives stays what it is as a slave.
  if (flag & MS_SHARED) changeParent(rootfs, MS_PRIVATE);
  else if (!(flag & MS_REC)) changeParent(rootfs, MS_SLAVE);
}

/**
 * What init's copy of a host's mount would be, for one that the host copies: in a user namespace of its own a copy only
 * receives, without one it is as detachPropagation makes it.
 */
export function clonePropagation(spec: Spec): { propagation: number; recursive: boolean } {
  const flag = flags[spec.linux?.rootfsPropagation ?? 'rslave'];
  const recursive = true;
  if (namespaceOf(spec, 'user') !== undefined || flag & MS_SLAVE) return { propagation: MS_SLAVE, recursive };
  return { propagation: flag & MS_SHARED ? 0 : MS_PRIVATE, recursive };
}

/** pivot_root refuses a root whose parent mount is shared, and what is mounted there would reach the host. */
function changeParent(path: string, propagation: number): void {
  try {
    mount(null, path, propagation);
  } catch (error) {
    // Not a mount point: the mount is further up.
    if (!failedWith(error, 'EINVAL') || path === '/') throw error;
    changeParent(dirname(path), propagation);
  }
}

/** Gives the container's root the propagation asked for, once it is the root. */
export function setRootPropagation(propagation: RootfsPropagation): void {
  mount(null, '/', flags[propagation]);
}
