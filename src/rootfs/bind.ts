// Runs in the container's namespaces.
import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { failedWith, linkTargetAt, linkTargetOf, makeLinkAt } from '../linux/path.ts';
import { FILE_KIND, isDirectory, kindOf, statusOf } from '../linux/stat.ts';
import { basename, dirname } from '../posix-path.ts';
import { attach, changeAttributes, refuseParameters } from './attach.ts';
import type { MountStep } from './mount-plan.ts';
import { openDirectory } from './resolve.ts';
import { openTarget } from './target.ts';

/** Binds a source of the host, of which `mounted` is a detached copy; false when it is a link, which has been copied instead. */
export function bind(root: Fd, step: MountStep, mounted: Fd): boolean {
  refuseParameters(step);
  const status = statusOf(mounted);
  if (step.copySymlink && kindOf(status) === FILE_KIND.link) {
    copyLink(root, step.destination, linkTargetOf(mounted));
    return false;
  }
  const directory = isDirectory(status);
  using target = openTarget(root, step, { directory }).fd;
  if (!directory) checkNoDirectory(target, step);
  // Before anybody can see it.
  changeAttributes(mounted, step);
  attach(mounted, target, step);
  return true;
}

/** The kernel calls it an invalid argument; callers know what it is by "not a directory". */
function checkNoDirectory(target: Fd, { destination }: MountStep): void {
  if (!isDirectory(statusOf(target))) return;
  const message = `the source is not a directory, but ${destination} in the rootfs is one`;
  throw new RuntimeError(message, { code: 'ROOTFS_PATH', errno: 'EISDIR' });
}

function copyLink(root: Fd, destination: string, leadsTo: string): void {
  using directory = openDirectory(root, dirname(destination)).fd;
  const name = basename(destination);
  try {
    makeLinkAt(directory, name, leadsTo);
  } catch (error) {
    if (failedWith(error, 'EEXIST') && linkTargetAt(directory, name) === leadsTo) return;
    throw error;
  }
}
