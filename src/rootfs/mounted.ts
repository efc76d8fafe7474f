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

/** Where mounts are noted that `tryOpenMounted` will need, or that are late. */
export interface MountList {
  mounts: Mounted[];
  /** What it will be asked for, by plainPath. */
  paths: readonly string[];
}

/** Of maybe a thousand mounts few are needed again: the others are closed. */
export function keepMounted({ mounts, paths }: MountList, entry: Mounted): void {
  const isNeeded = paths.some((path) => `${path}/`.startsWith(`${entry.destination}/`));
  if (isNeeded || entry.isLate) mounts.push(entry);
  else entry.mounted.close();
}

/** `/a//b/` → `/a/b`; undefined where only the kernel knows where it leads. */
export function plainPath(path: string): string | undefined {
  const parts = path.split('/').filter((name) => name !== '' && name !== '.');
  return parts.includes('..') ? undefined : `/${parts.join('/')}`;
}

/**
 * Opens a path by way of the mount that it lies in, not of the directory which that was mounted on: who shares the rootfs may have
 * renamed the directory, and put another one in its place. Returns minus the errno when it fails.
 */
export function tryOpenMounted({ root, mounts }: MountedPlace, path: string): number {
  const plain = plainPath(path);
  const within = plain && mounts.findLast(({ destination }) => `${plain}/`.startsWith(`${destination}/`));
  if (!within) return tryOpenInRoot(root, path, O_PATH);
  const { mounted, destination } = within;
  // It may be a file.
  if (plain === destination) return tryDuplicate(mounted);
  return tryOpenInRoot(mounted, plain.slice(destination.length), O_PATH);
}
