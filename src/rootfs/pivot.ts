// Runs in the container's namespaces.
import { asRuntimeError, RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { detachMount, MS_BIND, MS_MOVE, MS_REC, MS_SLAVE, mount, pivotRoot } from '../linux/mount.ts';
import { failedWith, O_DIRECTORY, O_NOFOLLOW, O_PATH, openPath } from '../linux/path.ts';
import { isDirectory, statusAt } from '../linux/stat.ts';
import { syscall } from '../linux/syscall.ts';

/** Makes the rootfs a mount of its own, which pivot_root demands; returns a handle of it. */
export function mountRootfs(rootfs: string): Fd {
  return atRootPath(rootfs, () => {
    mount(rootfs, rootfs, MS_BIND | MS_REC);
    return open(rootfs);
  });
}

/** A handle of the rootfs, which may not be a symlink. */
export function openRootfs(rootfs: string): Fd {
  return atRootPath(rootfs, () => open(rootfs));
}

function atRootPath(rootfs: string, action: () => Fd): Fd {
  try {
    return action();
  } catch (error) {
    const { message, errno } = asRuntimeError(error);
    const isMissing = errno === 'ENOENT';
    const reason = isMissing ? 'no such directory' : message;
    const hint = isMissing ? 'it is where the files of an image are to be' : undefined;
    throw new RuntimeError(
      `root.path: ${rootfs}: ${reason}`,
      { code: 'ROOTFS', field: 'root.path', errno, hint },
      error,
    );
  }
}

/** A symlink could lead elsewhere by the time that its target is used. */
function open(rootfs: string): Fd {
  try {
    return openPath(rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (!failedWith(error, 'ENOTDIR') || !isDirectory(statusAt(rootfs))) throw error;
    throw new RuntimeError('must not be a symlink', { code: 'ROOTFS', errno: 'ENOTDIR' }, error);
  }
}

/** Makes the rootfs the root of the mount namespace and lets go of the old one. Source: pivot_root(2). */
export function pivotInto(root: Fd): void {
  using oldRoot = openPath('/', O_PATH | O_DIRECTORY);
  syscall('fchdir', root.number);
  // Old and new root stacked on each other: no directory for the old one is needed in the rootfs.
  pivotRoot('.', '.');
  syscall('fchdir', oldRoot.number);
  // Without this the unmounting would propagate to the host.
  mount(null, '.', MS_SLAVE | MS_REC);
  detachMount('.');
  syscall('chdir', '/');
}

/** Without a mount namespace only this process changes its root. */
export function chrootInto(root: Fd): void {
  syscall('fchdir', root.number);
  syscall('chroot', '.');
  syscall('chdir', '/');
}

/** For a root on initramfs, which cannot be pivoted. The old root stays mounted below: less safe. */
export function moveInto(rootfs: string, root: Fd): void {
  syscall('fchdir', root.number);
  // Where the host's root is to stay shared, it would be covered there too.
  mount(null, '/', MS_SLAVE);
  mount(rootfs, '/', MS_MOVE);
  chrootInto(root);
}
