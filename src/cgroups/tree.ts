// Runs on the host.
import { ENOENT } from '../linux/errno.ts';
import { Fd } from '../linux/fd.ts';
import { listBytes } from '../linux/file.ts';
import {
  failedWith,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  openPath,
  removeDirectoryAt,
} from '../linux/path.ts';
import { syscallError, trySyscall } from '../linux/syscall.ts';
import { cgroupError, isGone } from './file.ts';

// A container that may write to its cgroup makes others below it, whose names are any bytes and whose paths are longer than the
// kernel takes: here they are a character for each byte, from the container's own cgroup on, and opened piece by piece.

const LONGEST_PIECE = 4000;

const bytes = (path: string): Uint8Array => Buffer.from(`${path}\0`, 'latin1');

/** A handle of a cgroup; undefined if it is gone. */
export function openCgroupDirectory(dir: string): Fd | undefined {
  try {
    return openPath(dir, O_PATH | O_DIRECTORY);
  } catch (thrown) {
    if (isGone(thrown)) return undefined;
    throw cgroupError('CGROUP_READ', `open ${dir}`, thrown);
  }
}

/** The cgroups below one, each after that which it is in. What is removed meanwhile may be among them. */
export function cgroupsBelow(top: Fd, dir: string): string[] {
  const paths = [''];
  try {
    for (const path of paths) {
      using cgroup = tryOpenBelow(top, path, O_RDONLY | O_DIRECTORY);
      if (cgroup === undefined) continue;
      for (const { name, isDirectory } of listBytes(cgroup))
        if (isDirectory) paths.push(path === '' ? name : `${path}/${name}`);
    }
  } catch (thrown) {
    if (!isGone(thrown)) throw cgroupError('CGROUP_READ', `read ${dir}`, thrown);
  }
  return paths.slice(1);
}

/** Opens what is below a cgroup; undefined if it is gone. */
export function tryOpenBelow(top: Fd, path: string, flags: number): Fd | undefined {
  if (path.length <= LONGEST_PIECE) return tryOpen(top, path || '.', flags);
  const end = path.lastIndexOf('/', LONGEST_PIECE);
  using next = tryOpen(top, path.slice(0, end), O_PATH | O_DIRECTORY);
  return next && tryOpenBelow(next, path.slice(end + 1), flags);
}

function tryOpen(from: Fd, path: string, flags: number): Fd | undefined {
  const number = trySyscall('openat', from.number, bytes(path), flags | O_CLOEXEC, 0);
  if (number >= 0) return new Fd(number);
  if (number === -ENOENT) return undefined;
  throw syscallError('openat', -number);
}

/** Removes what is below a cgroup as far as it is not in use. */
export function removeBelow(dir: string): void {
  using top = openCgroupDirectory(dir);
  if (top === undefined) return;
  for (const path of cgroupsBelow(top, dir).reverse()) {
    const slash = path.lastIndexOf('/');
    using parent = tryOpenBelow(top, path.slice(0, Math.max(slash, 0)), O_PATH | O_DIRECTORY);
    if (parent !== undefined) tryRemove(parent, path.slice(slash + 1), dir);
  }
}

function tryRemove(parent: Fd, name: string, dir: string): void {
  try {
    removeDirectoryAt(parent, bytes(name));
  } catch (thrown) {
    if (!failedWith(thrown, 'ENOENT', 'EBUSY', 'ENOTEMPTY'))
      throw cgroupError('CGROUP_REMOVE', `rmdir below ${dir}`, thrown);
  }
}
