import type { Fd } from './fd.ts';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, type Path, syscallAt } from './path.ts';
import { syscall, trySyscall } from './syscall.ts';

/** What the kernel knows of a file. */
export interface FileStatus {
  /** Type and permissions, S_IF* bits included. */
  mode: number;
  uid: number;
  gid: number;
  links: number;
  inode: number;
  size: number;
  /** Of the device that a node stands for. */
  major: number;
  minor: number;
}

const STATX_BASIC_STATS = 0x7ff;
const STATX_SIZE = 256;
const S_IFMT = 0o170000;

/** Kinds of files, as in the S_IF* bits. */
export const FILE_KIND = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  link: 0o120000,
  socket: 0o140000,
};

export const kindOf = ({ mode }: FileStatus): number => mode & S_IFMT;
export const isDirectory = (status: FileStatus): boolean => kindOf(status) === FILE_KIND.directory;
/** Whether it is the null device, by its number: its name proves nothing. */
export const isNullDevice = (status: FileStatus): boolean =>
  kindOf(status) === FILE_KIND.character && status.major === 1 && status.minor === 3;

/** The status of an open file, O_PATH handles included; undefined when the descriptor is closed. */
export function tryStatusOf(number: number): FileStatus | undefined {
  const bytes = new Uint8Array(STATX_SIZE);
  return trySyscall('statx', number, '', AT_EMPTY_PATH, STATX_BASIC_STATS, bytes) < 0
    ? undefined
    : parse(viewOf(bytes));
}

/** The status of an open file, O_PATH handles included. */
export function statusOf(fd: Fd): FileStatus {
  return parse(statxOf(fd));
}

/** The status of what `path` leads to. */
export function statusAt(path: string): FileStatus {
  return parse(statxAt(path));
}

/** A text that changes whenever the file does: its device, inode, size and times of change. */
export function versionOfFile(path: string): string {
  const status = statxAt(path);
  const numbers = [32, 40, 96, 112, 136].map((offset) => status.getBigUint64(offset, true));
  return `${numbers.join('.')}.${status.getUint32(104, true)}.${status.getUint32(120, true)}`;
}

/** The status of a directory entry itself. */
export function entryStatus(directory: Fd, name: string): FileStatus {
  return parse(statxEntry(directory, name));
}

const STATX_MNT_ID = 0x1000;

/** Names the mount that an open file was reached through, as long as that is there (Linux 5.8). */
export function mountIdOf(fd: Fd): bigint {
  return statxOf(fd, STATX_MNT_ID).getBigUint64(144, true);
}

/** Whether an open file is the root of the mount that it lies in (Linux 5.8). */
export function isMountRoot(fd: Fd): boolean {
  return (statxOf(fd).getUint32(8, true) & STATX_ATTR_MOUNT_ROOT) !== 0;
}

/** What a copy of a directory entry needs to know besides. */
export interface EntryDetails extends FileStatus {
  /** Names the file, with its device: hard links have it in common. */
  identity: string;
  /** Something is mounted there (Linux 5.8). */
  isMountPoint: boolean;
  /** Two struct timespec, of the last access and the last change, as utimensat takes them. */
  times: Uint8Array;
}

const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** The status of a directory entry itself, and more. */
export function entryDetails(directory: Fd, name: Path): EntryDetails {
  const found = statxEntry(directory, name);
  const times = new Uint8Array(32);
  // Seconds in 8 bytes and nanoseconds in 4 here, in 8 there.
  for (const [from, to] of [64, 112].map((offset, index) => [offset, 16 * index] as const)) {
    times.set(new Uint8Array(found.buffer, from, 12), to);
  }
  return {
    ...parse(found),
    identity: `${found.getUint32(136, true)}:${found.getUint32(140, true)}:${found.getBigUint64(32, true)}`,
    isMountPoint: (found.getUint32(8, true) & STATX_ATTR_MOUNT_ROOT) !== 0,
    times,
  };
}

/** A struct statx, of an open file, a path of the host, or a directory entry. */
function statxOf(fd: Fd, mask = STATX_BASIC_STATS): DataView {
  const bytes = new Uint8Array(STATX_SIZE);
  syscall('statx', fd.number, '', AT_EMPTY_PATH, mask, bytes);
  return viewOf(bytes);
}

function statxAt(path: string): DataView {
  const bytes = new Uint8Array(STATX_SIZE);
  syscallAt('statx', path, 0, STATX_BASIC_STATS, bytes);
  return viewOf(bytes);
}

function statxEntry(directory: Fd, name: Path): DataView {
  const bytes = new Uint8Array(STATX_SIZE);
  syscall('statx', directory.number, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, bytes);
  return viewOf(bytes);
}

const viewOf = ({ buffer }: Uint8Array): DataView => new DataView(buffer);

/** Source: struct statx in include/uapi/linux/stat.h; the same on all architectures. */
function parse(status: DataView): FileStatus {
  return {
    links: status.getUint32(16, true),
    uid: status.getUint32(20, true),
    gid: status.getUint32(24, true),
    mode: status.getUint16(28, true),
    inode: Number(status.getBigUint64(32, true)),
    size: Number(status.getBigUint64(40, true)),
    major: status.getUint32(128, true),
    minor: status.getUint32(132, true),
  };
}

const STATFS_SIZE = 120;
const STATFS_FLAGS = 80;
const PROC_SUPER_MAGIC = 0x9fa0;

/** The filesystem of an open file. */
export interface Filesystem {
  /** Its magic number. */
  type: number;
  /** ST_* flags of the mount. */
  flags: number;
}

/** Source: struct statfs of 64-bit machines in include/uapi/asm-generic/statfs.h. */
export function filesystemOf(fd: Fd): Filesystem {
  const bytes = new Uint8Array(STATFS_SIZE);
  syscall('fstatfs', fd.number, bytes);
  const found = viewOf(bytes);
  return { type: found.getUint32(0, true), flags: found.getUint32(STATFS_FLAGS, true) };
}

/** Whether an open file lies in a procfs. */
export function isInProc(fd: Fd): boolean {
  return filesystemOf(fd).type === PROC_SUPER_MAGIC;
}
