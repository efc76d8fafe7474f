import { EACCES, EINVAL, ENXIO, EOPNOTSUPP, EPERM } from './errno.ts';
import type { Fd } from './fd.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const SEEK_SET = 0;
// sendfile() moves at most this many bytes; sendfile(2).
const MAX_COUNT = 0x7ffff000;

/** Copies `size` bytes of an open file to the start of an empty one, without the holes. Source: lseek(2), sendfile(2). */
export function copyData(from: Fd, to: Fd, size: number): void {
  for (let at = 0; at < size; ) {
    const start = trySyscall('lseek', from.number, at, SEEK_DATA);
    // A hole until the end.
    if (start === -ENXIO) break;
    if (start < 0) throw syscallError('lseek', -start);
    const end = Math.min(size, syscall('lseek', from.number, start, SEEK_HOLE));
    syscall('lseek', from.number, start, SEEK_SET);
    syscall('lseek', to.number, start, SEEK_SET);
    at = start;
    while (at < end) {
      const count = syscall('sendfile', to.number, from.number, 0, Math.min(end - at, MAX_COUNT));
      // Shortened meanwhile.
      if (count === 0) break;
      at += count;
    }
    if (at < end || end === start) break;
  }
  syscall('ftruncate', to.number, size);
}

const LIST_BYTES = 65536;
const VALUE_BYTES = 65536;

/** Copies the extended attributes that the other filesystem and the caller's privileges have room for. Source: xattr(7). */
export function copyAttributes(from: Fd, to: Fd): void {
  const list = Buffer.allocUnsafe(LIST_BYTES);
  const length = trySyscall('flistxattr', from.number, list, LIST_BYTES);
  if (length <= 0) return;
  const value = Buffer.allocUnsafe(VALUE_BYTES);
  const names = list.toString('latin1', 0, length).split('\0').filter(Boolean);
  for (const name of names) {
    const key = Buffer.from(`${name}\0`, 'latin1');
    const size = trySyscall('fgetxattr', from.number, key, value, VALUE_BYTES);
    if (size < 0) continue;
    const result = trySyscall('fsetxattr', to.number, key, value, size, 0);
    if (result < 0 && ![EPERM, EACCES, EINVAL, EOPNOTSUPP].includes(-result)) {
      throw syscallError('fsetxattr', -result, name);
    }
  }
}
