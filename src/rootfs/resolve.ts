// Runs in the container's namespaces.
import { RuntimeError } from '../errors.ts';
import { Fd } from '../linux/fd.ts';
import {
  makeDirectoryAt,
  makeNodeAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openInRoot,
  tryOpenInRoot,
} from '../linux/path.ts';
import { syscallError } from '../linux/syscall.ts';

const ENOENT = 2;
const S_IFREG = 0o100000;

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

/** Makes one directory after the other, each in its opened parent, so that no link swapped in meanwhile is followed. */
function makeDirectories(root: Fd, names: string[], flags: number): Fd {
  let current = openInRoot(root, '.', O_PATH | O_DIRECTORY);
  names.forEach((name, index) => {
    const partial = names.slice(0, index + 1).join('/');
    let next = tryOpenInRoot(root, partial, O_PATH | O_DIRECTORY | flags);
    if (next === -ENOENT) {
      makeDirectoryAt(current, name, 0o755);
      next = tryOpenInRoot(root, partial, O_PATH | O_DIRECTORY | flags);
    }
    if (next < 0) throw notUsable(next, partial, flags);
    current.close();
    current = new Fd(next);
  });
  return current;
}

/** Opens a file in the rootfs that something is to be mounted on; an empty one is made where none is. */
export function openFile(root: Fd, path: string): Fd {
  const found = tryOpenInRoot(root, path, O_PATH);
  if (found >= 0) return new Fd(found);
  if (found !== -ENOENT) throw notUsable(found, path, 0);
  const names = components(path);
  const name = names.pop() as string;
  using parent = openDirectory(root, names.join('/') || '.').fd;
  makeNodeAt(parent, name, S_IFREG | 0o755, 0);
  return openInRoot(parent, name, O_PATH | O_NOFOLLOW);
}

function notUsable(result: number, path: string, flags: number): RuntimeError {
  const error = syscallError('openat2', -result);
  const reason = error.errno === 'ELOOP' && flags & O_NOFOLLOW ? 'must not be a symlink' : error.message;
  return new RuntimeError(`${path} in the rootfs: ${reason}`, { errno: error.errno }, error);
}
