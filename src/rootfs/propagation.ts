// Runs in the container's namespaces, and for its copies of mounts on the host.
import { within } from '../errors.ts';
import { MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, mount } from '../linux/mount.ts';
import { failedWith } from '../linux/path.ts';
import { dirname } from '../posix-path.ts';
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
 * What the container's copies of the host's mounts become. Only where the rootfs is to be shared they stay what they are:
 * otherwise nothing that is mounted below one of them may reach the host, not even with a value that is for the root
 * alone. What is unbindable could not be bound to begin with.
 */
function copyPropagation(propagation: RootfsPropagation = 'rslave'): number {
  const flag = flags[propagation];
  if (flag & (MS_SHARED | MS_SLAVE)) return flag & MS_SHARED ? flag : MS_SLAVE | MS_REC;
  return flag & MS_REC ? MS_PRIVATE | MS_REC : MS_SLAVE | MS_REC;
}

/** Sets how mounts travel between the host and the new mount namespace, before anything is mounted there. */
export function detachPropagation(propagation: RootfsPropagation | undefined, rootfs: string): void {
  const flag = copyPropagation(propagation);
  within('make changes of mounts in the container invisible outside', () => mount(null, '/', flag), {
    code: 'MOUNT',
    hint: 'in a chroot, whose / has to be a mount point: mount --bind DIR DIR before chroot DIR',
  });
  if (flag & MS_SHARED) makeParentPrivate(rootfs);
}

/** The same for a mount that the host copies for the container: in a user namespace copies only receive. */
export function clonePropagation(spec: Spec): { propagation: number; recursive: boolean } {
  const flag = copyPropagation(spec.linux?.rootfsPropagation);
  const keeps = (flag & MS_SHARED) !== 0 && namespaceOf(spec, 'user') === undefined;
  return { propagation: keeps ? 0 : flag & MS_PRIVATE || MS_SLAVE, recursive: true };
}

/** pivot_root refuses a root whose parent mount is shared, and what is mounted there would reach the host. */
function makeParentPrivate(path: string): void {
  try {
    mount(null, path, MS_PRIVATE);
  } catch (error) {
    // Not a mount point: the mount is further up.
    if (!failedWith(error, 'EINVAL') || path === '/') throw error;
    makeParentPrivate(dirname(path));
  }
}

/** Gives the container's root the propagation asked for, once it is the root. */
export function setRootPropagation(propagation: RootfsPropagation): void {
  mount(null, '/', flags[propagation]);
}
