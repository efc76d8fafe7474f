// Runs on the host.
import { Fd } from '../linux/fd.ts';
import { readFile } from '../linux/file.ts';
import { type MountEntry, parseMounts } from '../linux/mountinfo.ts';
import { O_DIRECTORY, O_PATH, openPath, tryOpenInRoot } from '../linux/path.ts';
import { isDirectory, isMountRoot, mountIdOf, statusOf } from '../linux/stat.ts';
import type { ExternalMount } from './external.ts';

/** The mounts of a process. */
export function mountsOf(pid: number): MountEntry[] {
  return parseMounts(readFile(`/proc/${pid}/mountinfo`));
}

/**
 * What of it is mounted in the container of a process, as criu's --external has it for a dump: by the real mount point, to
 * which config.json may lead by symlinks.
 */
export function presentMounts(
  pid: number,
  wanted: readonly ExternalMount[],
  mounts: readonly MountEntry[],
): string[] {
  using root = openPath(`/proc/${pid}/root`, O_PATH | O_DIRECTORY);
  return wanted.flatMap(({ path, name, onlyFile }) => {
    const number = tryOpenInRoot(root, path, O_PATH);
    if (number < 0) return [];
    using found = new Fd(number);
    if (!isMountRoot(found) || (onlyFile && isDirectory(statusOf(found)))) return [];
    const id = Number(mountIdOf(found));
    const mount = mounts.find((each) => each.id === id);
    return mount === undefined ? [] : [`mnt[${mount.mountPoint}]:${name}`];
  });
}
