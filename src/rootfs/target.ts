// Runs in the container's namespaces.
import { Fd } from '../linux/fd.ts';
import { tryOpenEntry } from '../linux/path.ts';
import { basename, dirname } from '../posix-path.ts';
import type { MountStep } from './mount-plan.ts';
import { makeEntry, openDirectory, openFile } from './resolve.ts';

/** What the target of a mount has to be. */
export interface TargetKind {
  directory: boolean;
  /** For openat2: O_NOFOLLOW refuses any symlink on the way. */
  flags?: number;
}

/** Opens what a step mounts on, which is made if it is not there: a directory, or an empty file. */
export function openTarget(
  root: Fd,
  { destination, destinationNoFollow }: MountStep,
  { directory, flags = 0 }: TargetKind,
): { fd: Fd; existed: boolean } {
  if (destinationNoFollow) return openLastAsItIs(root, destination, directory);
  if (directory) return openDirectory(root, destination, flags);
  return { fd: openFile(root, destination), existed: true };
}

/** With `dest-nofollow`: what the name stands for in its directory, a symlink too. */
function openLastAsItIs(root: Fd, destination: string, directory: boolean): { fd: Fd; existed: boolean } {
  using parent = openDirectory(root, dirname(destination)).fd;
  const name = basename(destination);
  const found = tryOpenEntry(parent, name);
  if (found >= 0) return { fd: new Fd(found), existed: true };
  return { fd: makeEntry(parent, name, directory), existed: false };
}
