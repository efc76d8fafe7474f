// Runs in the container's namespaces.
import { type Fd, tryDuplicate } from '../linux/fd.ts';
import { O_PATH, tryOpenInRoot } from '../linux/path.ts';

/** A mount of the container, and where config.json wants it. */
export interface Mounted {
  destination: string;
  mounted: Fd;
  /** It has to stay writable until the targets of later mounts are made in it. */
  isLate: boolean;
}

/** The container's root, and what has been mounted in it, in that order. */
export interface MountedPlace {
  root: Fd;
  mounts: readonly Mounted[];
}

/**
 * Opens a path by way of the mount that it lies in, not of the directory which that was mounted on: who shares the rootfs may have
 * renamed the directory, and put another one in its place. Returns minus the errno when it fails.
 */
export function tryOpenMounted({ root, mounts }: MountedPlace, path: string): number {
  // Only the kernel knows where that leads.
  const parts = path.split('/').filter((name) => name !== '' && name !== '.');
  if (parts.includes('..')) return tryOpenInRoot(root, path, O_PATH);
  const plain = `/${parts.join('/')}`;
  const within = mounts.findLast(({ destination }) => `${plain}/`.startsWith(`${destination}/`));
  if (within === undefined) return tryOpenInRoot(root, path, O_PATH);
  const { mounted, destination } = within;
  // It may be a file.
  if (plain === destination) return tryDuplicate(mounted);
  return tryOpenInRoot(mounted, plain.slice(destination.length), O_PATH);
}
