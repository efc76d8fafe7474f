import { RuntimeError } from '../errors.ts';
import { EAGAIN } from './errno.ts';
import { Fd } from './fd.ts';
import type { Argument } from './ffi.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';
import type { SyscallName } from './syscall-numbers.ts';
import { decode } from './text.ts';

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000;
export const O_NOFOLLOW = process.arch === 'arm64' ? 0o100000 : 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EMPTY_PATH = 0x1000;

const RESOLVE_NO_XDEV = 0x01;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_IN_ROOT = 0x10;
const OPEN_HOW_SIZE = 24;
const ATTEMPTS = 128;
export const PATH_MAX = 4096;

/** A path for a system call: as text, or its bytes and a NUL where it may be anything. */
export type Path = string | Uint8Array;

/** As syscall, for one that takes AT_FDCWD and a path of the host: the error names the path. */
export function syscallAt(name: SyscallName, path: string, ...args: Argument[]): number {
  const result = trySyscall(name, AT_FDCWD, path, ...args);
  if (result < 0) throw syscallError(name, -result, path);
  return result;
}

/**
 * Opens a path as a process with `root` as its root directory would: symlinks and `..` cannot leave it, and
 * magic links of procfs are refused; with O_NOFOLLOW any symlink is. Returns minus the errno when it fails. Source: openat2(2), Linux 5.6.
 */
export function tryOpenInRoot(root: Fd, path: Path, flags: number, mode = 0): number {
  const resolve = RESOLVE_IN_ROOT | (flags & O_NOFOLLOW ? RESOLVE_NO_SYMLINKS : RESOLVE_NO_MAGICLINKS);
  return openWith(root, path, { flags, mode, resolve });
}

/**
 * Opens a path below a directory that nothing may be mounted on and that no link may lead out of: for procfs.
 * Returns minus the errno when it fails.
 */
export function tryOpenBeneath(directory: Fd, path: string, flags: number): number {
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  return openWith(directory, path, { flags, mode: 0, resolve });
}

interface OpenHow {
  flags: number;
  mode: number;
  resolve: number;
}

function openWith(directory: Fd, path: Path, { flags, mode, resolve }: OpenHow): number {
  // Three numbers of 64 bits, of which none needs the upper half.
  const how = new Uint32Array([flags | O_CLOEXEC, 0, mode, 0, resolve, 0]);
  const bytes = new Uint8Array(how.buffer);
  // EAGAIN: a directory on the way was renamed meanwhile, so that the kernel could not be sure.
  for (let attempt = 1; ; attempt++) {
    const number = trySyscall('openat2', directory.number, path, bytes, OPEN_HOW_SIZE);
    if (number !== -EAGAIN || attempt === ATTEMPTS) return number;
  }
}

/** As tryOpenInRoot, but throws. */
export function openInRoot(root: Fd, path: Path, flags: number, mode = 0): Fd {
  const number = tryOpenInRoot(root, path, flags, mode);
  if (number < 0) throw syscallError('openat2', -number);
  return new Fd(number);
}

/** Opens an entry of a directory as it is, a symlink too; returns minus the errno when it fails. `name` is one component. */
export function tryOpenEntry(directory: Fd, name: string): number {
  return trySyscall('openat', directory.number, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

/** Opens a path below a directory of the host's own. */
export function openAt(directory: Fd, path: string, flags: number): Fd {
  return new Fd(syscall('openat', directory.number, path, flags | O_CLOEXEC, 0));
}

/** Opens a path of the host. */
export function openPath(path: string, flags: number): Fd {
  return new Fd(syscall('openat', AT_FDCWD, path, flags | O_CLOEXEC, 0));
}

export function makeDirectoryAt(directory: Fd, name: Path, mode: number): void {
  syscall('mkdirat', directory.number, name, mode);
}

/** Makes a file of any kind: `mode` holds the S_IF* bits. */
export function makeNodeAt(directory: Fd, name: Path, mode: number, device: number): void {
  syscall('mknodat', directory.number, name, mode, device);
}

export function makeLinkAt(directory: Fd, name: Path, target: Path): void {
  syscall('symlinkat', target, directory.number, name);
}

/** Where a link in a directory points to; undefined for what is no link. */
export function linkTargetAt(directory: Fd, name: string): string | undefined {
  const bytes = new Uint8Array(PATH_MAX);
  const length = trySyscall('readlinkat', directory.number, name, bytes, PATH_MAX);
  return length < 0 ? undefined : decode(bytes.subarray(0, length));
}

/** Where an open symlink (O_PATH) points to. */
export function linkTargetOf(link: Fd): string {
  const bytes = new Uint8Array(PATH_MAX);
  return decode(bytes.subarray(0, syscall('readlinkat', link.number, '', bytes, PATH_MAX)));
}

export function removeAt(directory: Fd, name: string): void {
  syscall('unlinkat', directory.number, name, 0);
}

const AT_REMOVEDIR = 0x200;

export function removeDirectoryAt(directory: Fd, name: Path): void {
  syscall('unlinkat', directory.number, name, AT_REMOVEDIR);
}

/** Changes the owner of a directory entry itself, not of what a link there points to. */
export function changeOwnerAt(directory: Fd, name: Path, uid: number, gid: number): void {
  syscall('fchownat', directory.number, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

/** Changes the owner of an open file, O_PATH handles included. */
export function changeOwnerOf(file: Fd, uid: number, gid: number): void {
  syscall('fchownat', file.number, '', uid, gid, AT_EMPTY_PATH);
}

/** Changes the permissions of an open file, not of an O_PATH handle; other bits of `mode` are left out. */
export function changeModeOf(file: Fd, mode: number): void {
  syscall('fchmod', file.number, mode & 0o7777);
}

/** A device number as the kernel's mknod takes it. Source: new_encode_dev() in include/linux/kdev_t.h. */
export function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** Whether a thrown error is a failure with one of these errno names. */
export function failedWith(error: unknown, ...errnos: string[]): boolean {
  return error instanceof RuntimeError && errnos.includes(error.errno as string);
}
