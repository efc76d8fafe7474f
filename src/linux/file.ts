import { effectiveUser } from './credentials.ts';
import { EEXIST, ENOENT } from './errno.ts';
import { Fd } from './fd.ts';
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_WRONLY,
  PATH_MAX,
  syscallAt,
} from './path.ts';
import { statusAt } from './stat.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';
import { decode } from './text.ts';

// File operations as plain system calls: loading node:fs costs the compiled executable a millisecond and a
// thread at every start, and start-up is the whole cost of a runtime. Paths are the host's.

const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const CHUNK = 1 << 14;

function open(path: string, flags: number, mode = 0): Fd {
  return new Fd(syscallAt('openat', path, flags | O_CLOEXEC, mode));
}

/** The text of a file, in UTF-8. */
export function readFile(path: string): string {
  using file = open(path, O_RDONLY);
  return readAll(file);
}

/** What is read arrives here first: memory of its own for each file would touch new pages each time. */
const scratch: { bytes?: Uint8Array } = {};

function scratchBytes(): Uint8Array {
  scratch.bytes ??= new Uint8Array(CHUNK);
  return scratch.bytes;
}

/** The text from the descriptor's position to its end. */
export function readAll(file: Fd): string {
  let bytes = scratchBytes();
  for (let length = 0; ; ) {
    // Files of procfs come in pieces of any size: only nothing is the end.
    const count = syscall('read', file.number, bytes.subarray(length), bytes.length - length);
    length += count;
    if (count === 0) return decode(bytes.subarray(0, length));
    if (length === bytes.length) bytes = scratch.bytes = doubled(bytes);
  }
}

function doubled(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}

/** The text of the first `size` bytes of a regular file, whatever comes behind them. */
export function readStart(file: Fd, size: number): string {
  const bytes = new Uint8Array(size);
  return decode(bytes.subarray(0, syscall('read', file.number, bytes, size)));
}

/** Writes the whole text to an open file; `path` is its name in errors. */
export function writeAll(file: Fd, text: string, path?: string): void {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  // No text is a write too: some files of the kernel take it for a value.
  do {
    const rest = bytes.subarray(written);
    const count = trySyscall('write', file.number, rest, rest.length);
    if (count < 0) throw syscallError('write', -count, path);
    written += count;
  } while (written < bytes.length);
}

/** Writes a file that exists, such as one of procfs or of a cgroup, in one write. */
export function writeExisting(path: string, text: string): void {
  using file = open(path, O_WRONLY);
  writeAll(file, text);
}

/** Writes a file anew, or with `exclusive` only if there is none; then none is left when it cannot be written. */
export function writeFile(path: string, text: string, { mode = 0o666, exclusive = false } = {}): void {
  using file = open(path, O_WRONLY | O_CREAT | (exclusive ? O_EXCL : O_TRUNC), mode);
  try {
    writeAll(file, text, path);
  } catch (error) {
    if (exclusive) removeFile(path);
    throw error;
  }
}

/** Adds to the end of a file, which is made if there is none. */
export function appendFile(path: string, text: string): void {
  using file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644);
  writeAll(file, text, path);
}

const X_OK = 1;
const AT_EACCESS = 0x200;

/** Whether the present user may execute the file, with the capabilities that it has; ACLs and mount flags considered. */
export function mayExecute(path: string): boolean {
  return trySyscall('faccessat2', AT_FDCWD, path, X_OK, AT_EACCESS) >= 0;
}

/** The first file of that name that the present user may execute in the absolute directories of a $PATH. */
export function findProgram(name: string, searchPath: string): string | undefined {
  for (const directory of searchPath.split(':')) {
    const path = `${directory}/${name}`;
    if (directory.startsWith('/') && mayExecute(path)) return path;
  }
  return undefined;
}

const W_OK = 2;

/** Whether the present user may write to the file or directory as it is, mount flags considered. */
export function isWritable(path: string): boolean {
  return trySyscall('faccessat', AT_FDCWD, path, W_OK, 0) >= 0;
}

/** Whether the present user can write to the file, or let itself do so as its owner. */
export function mayWrite(path: string): boolean {
  return isWritable(path) || statusAt(path).uid === effectiveUser();
}

/** Whether there is something of that name; links are followed, and what cannot be reached is not there. */
export function exists(path: string): boolean {
  return trySyscall('faccessat', AT_FDCWD, path, 0, 0) >= 0;
}

export function makeDirectory(path: string, mode: number): void {
  syscallAt('mkdirat', path, mode);
}

/** Makes a directory and those above it that are missing. */
export function makeDirectories(path: string, mode: number): void {
  const result = trySyscall('mkdirat', AT_FDCWD, path, mode);
  if (result === -ENOENT && path !== '/') {
    makeDirectories(path.slice(0, path.lastIndexOf('/')) || '/', mode);
    makeDirectories(path, mode);
  } else if (result < 0 && result !== -EEXIST) {
    throw syscallError('mkdirat', -result, path);
  }
}

export function changeOwner(path: string, uid: number, gid: number): void {
  syscallAt('fchownat', path, uid, gid, 0);
}

export function changeMode(path: string, mode: number): void {
  syscallAt('fchmodat', path, mode);
}

export function rename(from: string, to: string): void {
  const result = trySyscall('renameat2', AT_FDCWD, from, AT_FDCWD, to, 0);
  if (result < 0) throw syscallError('renameat2', -result, `${from} to ${to}`);
}

const AT_REMOVEDIR = 0x200;

export function removeFile(path: string): void {
  syscallAt('unlinkat', path, 0);
}

export function removeDirectory(path: string): void {
  syscallAt('unlinkat', path, AT_REMOVEDIR);
}

const ENTRY_LENGTH = 16;
const ENTRY_TYPE = 18;
const ENTRY_NAME = 19;
const DT_DIR = 4;

export interface DirectoryEntry {
  name: string;
  isDirectory: boolean;
}

/** What is in a directory, without `.` and `..`. Source: getdents64(2). */
export function listDirectory(path: string): DirectoryEntry[] {
  using directory = open(path, O_RDONLY | O_DIRECTORY);
  return entriesOf(directory, decode);
}

/** The same for an open directory whose names may be anything: a character for each byte. */
export function listBytes(directory: Fd): DirectoryEntry[] {
  return entriesOf(directory, (name) => Buffer.from(name).toString('latin1'));
}

function entriesOf(directory: Fd, text: (name: Uint8Array) => string): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  const bytes = scratchBytes();
  const entry = new DataView(bytes.buffer);
  for (;;) {
    const count = syscall('getdents64', directory.number, bytes, bytes.length);
    if (count === 0) return entries;
    for (let at = 0; at < count; at += entry.getUint16(at + ENTRY_LENGTH, true)) {
      const start = at + ENTRY_NAME;
      const name = text(bytes.subarray(start, bytes.indexOf(0, start)));
      if (name === '.' || name === '..') continue;
      entries.push({ name, isDirectory: bytes[at + ENTRY_TYPE] === DT_DIR });
    }
  }
}

export function readLink(path: string): string {
  const bytes = scratchBytes();
  return decode(bytes.subarray(0, syscallAt('readlinkat', path, bytes, PATH_MAX)));
}
