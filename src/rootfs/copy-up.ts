// Runs in the container's namespaces.
import { RuntimeError, within } from '../errors.ts';
import { copyAttributes, copyData } from '../linux/copy-file.ts';
import type { Fd } from '../linux/fd.ts';
import { listBytes } from '../linux/file.ts';
import {
  AT_SYMLINK_NOFOLLOW,
  changeOwnerAt,
  deviceNumber,
  failedWith,
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  openInRoot,
  PATH_MAX,
} from '../linux/path.ts';
import {
  type EntryDetails,
  entryDetails,
  FILE_KIND,
  type FileStatus,
  isDirectory,
  kindOf,
  statusOf,
} from '../linux/stat.ts';
import { syscall } from '../linux/syscall.ts';

// Names in a rootfs are bytes, not text: here they are strings of one character for each byte.
const bytes = (name: string): Uint8Array => Buffer.from(`${name}\0`, 'latin1');
const shown = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');

interface Copy {
  from: Fd;
  to: Fd;
  /** Where the first link of a file with more of them has been copied to. */
  links: Map<string, string>;
  /** Directories whose times are set when nothing is made in them any more. */
  directories: { path: string; details: EntryDetails }[];
}

/**
 * Copies what is below a directory into an empty mount that nobody sees yet: files, directories, links, nodes, with
 * owners, modes, times and attributes. What is mounted below it stays behind. Every entry is opened in its opened
 * directory without following a link, and nothing is opened that could make anybody wait. Directories are found by
 * their path from the top, so that no depth uses up descriptors. Of the top itself the owner is taken over if `owned`.
 */
export function copyUp(from: Fd, to: Fd, owned: boolean): void {
  using top = open(to, '');
  if (owned) giveOwner(statusOf(from), (uid, gid) => syscall('fchown', top.number, uid, gid));
  const copy: Copy = { from, to, links: new Map(), directories: [] };
  const queue = [''];
  for (const path of queue) {
    within(`tmpcopyup: copy ${shown(`./${path}`)}`, () => queue.push(...copyDirectory(copy, path)));
  }
  for (const { path, details } of copy.directories.reverse()) {
    syscall('utimensat', to.number, bytes(path), details.times, AT_SYMLINK_NOFOLLOW);
  }
}

const open = (root: Fd, path: string): Fd =>
  openInRoot(root, bytes(path || '.'), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

/** Copies the entries of one directory; returns the paths of the directories among them. */
function copyDirectory(copy: Copy, path: string): string[] {
  using from = open(copy.from, path);
  using to = open(copy.to, path);
  const below: string[] = [];
  for (const { name } of listBytes(from)) {
    const inner = path === '' ? name : `${path}/${name}`;
    const details = entryDetails(from, bytes(name));
    within(shown(name), () => copyEntry(copy, { from, to, name, path: inner, details }));
    if (!isDirectory(details)) continue;
    copy.directories.push({ path: inner, details });
    if (!details.isMountPoint) below.push(inner);
  }
  return below;
}

interface Entry {
  /** The directories it is in. */
  from: Fd;
  to: Fd;
  name: string;
  /** From the top. */
  path: string;
  details: EntryDetails;
}

function copyEntry(copy: Copy, entry: Entry): void {
  const { from, to, name, path, details } = entry;
  const kind = kindOf(details);
  const first = copy.links.get(details.identity);
  if (kind === FILE_KIND.directory) {
    makeDirectory(entry);
  } else if (first !== undefined) {
    syscall('linkat', copy.to.number, bytes(first), to.number, bytes(name), 0);
  } else if (kind === FILE_KIND.regular) {
    copyFile(entry);
  } else {
    if (kind === FILE_KIND.link) makeLinkAt(to, bytes(name), linkBytes(from, name));
    else makeNodeAt(to, bytes(name), details.mode, deviceNumber(details.major, details.minor));
    giveOwner(details, (uid, gid) => changeOwnerAt(to, bytes(name), uid, gid));
    syscall('utimensat', to.number, bytes(name), details.times, AT_SYMLINK_NOFOLLOW);
  }
  if (details.links > 1 && kind !== FILE_KIND.directory) copy.links.set(details.identity, path);
}

function makeDirectory({ from, to, name, details }: Entry): void {
  makeDirectoryAt(to, bytes(name), 0o700);
  using made = open(to, name);
  if (details.isMountPoint) {
    finish(undefined, made, details);
    return;
  }
  using source = open(from, name);
  finish(source, made, details);
}

function copyFile({ from, to, name, details }: Entry): void {
  // Should it have become a FIFO meanwhile: no waiting for a writer.
  using source = openInRoot(from, bytes(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (kindOf(statusOf(source)) !== FILE_KIND.regular) {
    throw new RuntimeError('it has changed meanwhile', { code: 'ROOTFS_PATH' });
  }
  using made = openInRoot(to, bytes(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  copyData(source, made, details.size);
  finish(source, made, details);
  syscall('utimensat', made.number, null, details.times, 0);
}

/** Owner before mode and attributes: a change of owner takes set-user-ID bits and file capabilities away. */
function finish(source: Fd | undefined, made: Fd, details: EntryDetails): void {
  giveOwner(details, (uid, gid) => syscall('fchown', made.number, uid, gid));
  syscall('fchmod', made.number, details.mode & 0o7777);
  if (source !== undefined) copyAttributes(source, made);
}

/** In a user namespace, what belongs to nobody there is left to its root. */
function giveOwner({ uid, gid }: FileStatus, change: (uid: number, gid: number) => void): void {
  try {
    change(uid, gid);
  } catch (error) {
    if (!failedWith(error, 'EINVAL')) throw error;
  }
}

function linkBytes(directory: Fd, name: string): Uint8Array {
  const buffer = Buffer.alloc(PATH_MAX + 1);
  const length = syscall('readlinkat', directory.number, bytes(name), buffer, PATH_MAX);
  return buffer.subarray(0, length + 1);
}
