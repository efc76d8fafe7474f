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
  const buffer = Buffer.alloc(STATX_SIZE);
  return trySyscall('statx', number, '', AT_EMPTY_PATH, STATX_BASIC_STATS, buffer) < 0
    ? undefined
    : parse(buffer);
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
  const buffer = statxAt(path);
  const numbers = [32, 40, 96, 112, 136].map((offset) => buffer.readBigUInt64LE(offset));
  return `${numbers.join('.')}.${buffer.readUInt32LE(104)}.${buffer.readUInt32LE(120)}`;
}

/** The status of a directory entry itself. */
export function entryStatus(directory: Fd, name: string): FileStatus {
  return parse(statxEntry(directory, name));
}

const STATX_MNT_ID = 0x1000;

/** Names the mount that an open file was reached through, as long as that is there (Linux 5.8). */
export function mountIdOf(fd: Fd): bigint {
  return statxOf(fd, STATX_MNT_ID).readBigUInt64LE(144);
}

/** Whether an open file is the root of the mount that it lies in (Linux 5.8). */
export function isMountRoot(fd: Fd): boolean {
  return (statxOf(fd).readUInt32LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0;
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
  const buffer = statxEntry(directory, name);
  const times = Buffer.alloc(32);
  // Seconds in 8 bytes and nanoseconds in 4 here, in 8 there.
  for (const [from, to] of [64, 112].map((offset, index) => [offset, 16 * index] as const)) {
    buffer.copy(times, to, from, from + 12);
  }
  const status = parse(buffer);
  return {
    ...status,
    identity: `${buffer.readUInt32LE(136)}:${buffer.readUInt32LE(140)}:${buffer.readBigUInt64LE(32)}`,
    isMountPoint: (buffer.readUInt32LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0,
    times,
  };
}

/** A struct statx, of an open file, a path of the host, or a directory entry. */
function statxOf(fd: Fd, mask = STATX_BASIC_STATS): Buffer {
  const buffer = Buffer.alloc(STATX_SIZE);
  syscall('statx', fd.number, '', AT_EMPTY_PATH, mask, buffer);
  return buffer;
}

function statxAt(path: string): Buffer {
  const buffer = Buffer.alloc(STATX_SIZE);
  syscallAt('statx', path, 0, STATX_BASIC_STATS, buffer);
  return buffer;
}

function statxEntry(directory: Fd, name: Path): Buffer {
  const buffer = Buffer.alloc(STATX_SIZE);
  syscall('statx', directory.number, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer);
  return buffer;
}

/** Source: struct statx in include/uapi/linux/stat.h; the same on all architectures. */
function parse(buffer: Buffer): FileStatus {
  return {
    links: buffer.readUInt32LE(16),
    uid: buffer.readUInt32LE(20),
    gid: buffer.readUInt32LE(24),
    mode: buffer.readUInt16LE(28),
    inode: Number(buffer.readBigUInt64LE(32)),
    size: Number(buffer.readBigUInt64LE(40)),
    major: buffer.readUInt32LE(128),
    minor: buffer.readUInt32LE(132),
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
  const buffer = Buffer.alloc(STATFS_SIZE);
  syscall('fstatfs', fd.number, buffer);
  return { type: buffer.readUInt32LE(0), flags: buffer.readUInt32LE(STATFS_FLAGS) };
}

/** Whether an open file lies in a procfs. */
export function isInProc(fd: Fd): boolean {
  return filesystemOf(fd).type === PROC_SUPER_MAGIC;
}
