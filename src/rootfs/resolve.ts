// Runs in the container's namespaces.
import { RuntimeError } from '../errors.ts';
import { ENOENT } from '../linux/errno.ts';
import { Fd } from '../linux/fd.ts';
import {
  failedWith,
  linkTargetAt,
  makeDirectoryAt,
  makeNodeAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openInRoot,
  tryOpenInRoot,
} from '../linux/path.ts';
import { FILE_KIND, mountIdOf } from '../linux/stat.ts';
import { SyscallError, syscallError } from '../linux/syscall.ts';

/** As many as the kernel itself follows. */
const MAX_LINKS = 40;

/** `/a//b/./c` → ['a', 'b', 'c']. `..` stays: only the kernel knows where it leads. */
function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Opens a directory in the rootfs, making what is missing of it; `existed` says that nothing was. */
export function openDirectory(root: Fd, path: string, flags = 0): { fd: Fd; existed: boolean } {
  const found = tryOpenInRoot(root, path, O_PATH | O_DIRECTORY | flags);
  if (found >= 0) return { fd: new Fd(found), existed: true };
  if (found !== -ENOENT) throw notUsable(found, path, flags);
  return { fd: makeDirectories(root, components(path), flags), existed: false };
}

/** A root and the mounts below it, by their ids, in which nothing is the host's. */
export interface OwnPlace {
  root: Fd;
  own: ReadonlySet<bigint>;
}

/**
 * A directory to make nodes and links in. A link of an image may lead to it within the container's own mounts, but not into
 * a volume: what is made there, or removed, would be made on the host (CVE-2026-41579). Unless config.json names it itself.
 */
export function openOwnDirectory({ root, own }: OwnPlace, path: string): Fd {
  const { fd } = openDirectory(root, path);
  if (own.has(mountIdOf(fd))) return fd;
  fd.close();
  const direct = tryOpenInRoot(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (direct >= 0) return new Fd(direct);
  throw new RuntimeError(`${path} in the rootfs: a link in it leads into a volume, where nothing is made`, {
    code: 'ROOTFS_PATH',
    errno: 'EXDEV',
  });
}

/**
 * Makes one directory after the other, each in its opened parent, so that no link swapped in meanwhile is
 * followed by a path. A link to nowhere, as images have them, gets its target made, inside the rootfs.
 */
function makeDirectories(root: Fd, names: string[], flags: number, links = 0): Fd {
  let current = openInRoot(root, '.', O_PATH | O_DIRECTORY);
  names.forEach((name, index) => {
    const partial = names.slice(0, index + 1).join('/');
    let next = tryOpenInRoot(root, partial, O_PATH | O_DIRECTORY | flags);
    if (next === -ENOENT) {
      const target = makeUnlessLink(current, name);
      if (target !== undefined) {
        const path = components(linkPath(names.slice(0, index), target));
        makeDirectories(root, path, flags, countLink(links, partial)).close();
      }
      next = tryOpenInRoot(root, partial, O_PATH | O_DIRECTORY | flags);
    }
    if (next < 0) throw notUsable(next, partial, flags);
    current.close();
    current = new Fd(next);
  });
  return current;
}

/** Makes a directory; returns the target of a link that is in its place instead. */
function makeUnlessLink(parent: Fd, name: string): string | undefined {
  try {
    makeDirectoryAt(parent, name, 0o755);
    return undefined;
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return linkTargetAt(parent, name);
    throw notMade(name, error);
  }
}

const linkPath = (directory: string[], target: string): string =>
  target.startsWith('/') ? target : `${directory.join('/')}/${target}`;

function countLink(links: number, path: string): number {
  if (links < MAX_LINKS) return links + 1;
  throw new RuntimeError(`${path} in the rootfs: too many levels of symbolic links`, {
    code: 'ROOTFS_PATH',
    errno: 'ELOOP',
  });
}

/** Opens a file in the rootfs that something is to be mounted on; an empty one is made where none is. */
export function openFile(root: Fd, path: string, links = 0): Fd {
  const found = tryOpenInRoot(root, path, O_PATH);
  if (found >= 0) return new Fd(found);
  if (found !== -ENOENT) throw notUsable(found, path, 0);
  const names = components(path);
  const name = names.pop() as string;
  using parent = openDirectory(root, names.join('/') || '.').fd;
  try {
    return makeEntry(parent, name, false);
  } catch (error) {
    const target = failedWith(error, 'EEXIST') ? linkTargetAt(parent, name) : undefined;
    if (target === undefined) throw error;
    return openFile(root, linkPath(names, target), countLink(links, path));
  }
}

/** Makes a directory or an empty file in an opened directory, and opens it. */
export function makeEntry(parent: Fd, name: string, directory: boolean): Fd {
  try {
    if (directory) makeDirectoryAt(parent, name, 0o755);
    else makeNodeAt(parent, name, FILE_KIND.regular | 0o755, 0);
  } catch (error) {
    throw notMade(name, error);
  }
  return openInRoot(parent, name, O_PATH | O_NOFOLLOW);
}

function notMade(name: string, error: unknown): unknown {
  if (!(error instanceof SyscallError)) return error;
  return new RuntimeError(
    `${name} is not there in the rootfs and cannot be made: ${error.reason}`,
    { code: 'ROOTFS_PATH', errno: error.errno },
    error,
  );
}

function notUsable(result: number, path: string, flags: number): RuntimeError {
  const error = syscallError('openat2', -result);
  const reason = error.errno === 'ELOOP' && flags & O_NOFOLLOW ? 'must not be a symlink' : error.message;
  return new RuntimeError(
    `${path} in the rootfs: ${reason}`,
    { code: 'ROOTFS_PATH', errno: error.errno },
    error,
  );
}
