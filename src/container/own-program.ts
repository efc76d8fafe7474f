import type { Fd } from '../linux/fd.ts';
import { changeMount, cloneMount, MOUNT_ATTR } from '../linux/mount.ts';
import { failedWith } from '../linux/path.ts';

/**
 * A read-only view of this program, for init: what it executes in a container may get at /proc/self/exe, by that name,
 * and could otherwise write to the host's file (CVE-2019-5736). The mount is in no mount namespace: once its descriptor is
 * closed nobody can make it writable. Undefined for a caller without the privilege, who may not write to the file either,
 * and where the file is on a mount of another namespace.
 */
export function openOwnProgram(file: string): Fd | undefined {
  let view: Fd;
  try {
    view = cloneMount(file, false);
  } catch (error) {
    if (failedWith(error, 'EPERM', 'EINVAL')) return undefined;
    throw error;
  }
  changeMount(view, { set: MOUNT_ATTR.RDONLY, clear: 0 });
  return view;
}
