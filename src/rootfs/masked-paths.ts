// Runs in the container's namespaces.
import { RuntimeError, within } from '../errors.ts';
import { ENOENT, ENOTDIR } from '../linux/errno.ts';
import { Fd } from '../linux/fd.ts';
import { attachMount, cloneMountOf, type FilesystemParameter, MOUNT_ATTR, newMount } from '../linux/mount.ts';
import { isDirectory, isNullDevice, statusOf } from '../linux/stat.ts';
import { syscallError } from '../linux/syscall.ts';
import type { Linux } from '../spec/config.ts';
import { type MountedPlace, tryOpenMounted } from './mounted.ts';

/** Opens a path that is to be masked or made read-only; undefined when there is no such path. */
export function openIfThere(place: MountedPlace, path: string): Fd | undefined {
  const number = tryOpenMounted(place, path);
  if (number >= 0) return new Fd(number);
  if (number === -ENOENT || number === -ENOTDIR) return undefined;
  throw syscallError('openat2', -number);
}

/** A mount that hides paths: attached as it is once, then as copies of what is attached. */
interface Mask {
  mounted: Fd;
  attached: boolean;
}

/**
 * Hides linux.maskedPaths: a directory behind an empty read-only tmpfs, which all share, anything else
 * behind the null device. `hostNull` is a detached mount of the host's own, made before the pivot: images can
 * bring anything as /dev/null (CVE-2025-31133).
 */
export function maskPaths(
  place: MountedPlace,
  { maskedPaths: paths = [], mountLabel }: Linux,
  hostNull: Fd,
): void {
  if (paths.length === 0) return;
  if (!isNullDevice(statusOf(hostNull))) {
    throw new RuntimeError("linux.maskedPaths: the host's /dev/null is not the null device", {
      code: 'MASKED_PATH',
      field: 'linux.maskedPaths',
    });
  }
  const file: Mask = { mounted: hostNull, attached: false };
  let directory: Mask | undefined;
  const maskFor = (target: Fd): Mask => {
    if (!isDirectory(statusOf(target))) return file;
    directory ??= { mounted: emptyDirectory(mountLabel), attached: false };
    return directory;
  };
  paths.forEach((path, index) => {
    const field = `linux.maskedPaths[${index}]`;
    within(
      `${field}: mask ${path}`,
      () => {
        using target = openIfThere(place, path);
        if (target !== undefined) cover(target, maskFor(target));
      },
      { code: 'MASKED_PATH', field },
    );
  });
  directory?.mounted.close();
}

/** Only a mount that is attached somewhere can be copied before Linux 6.15. */
function cover(target: Fd, mask: Mask): void {
  if (mask.attached) {
    using copy = cloneMountOf(mask.mounted, false);
    attachMount(copy, target);
  } else {
    attachMount(mask.mounted, target);
    mask.attached = true;
  }
}

function emptyDirectory(label: string | undefined): Fd {
  const context: FilesystemParameter[] = label ? [['context', label]] : [];
  return newMount('tmpfs', [['nr_blocks', '1'], ['nr_inodes', '1'], ...context], MOUNT_ATTR.RDONLY);
}
