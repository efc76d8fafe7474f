import { syscall } from './syscall.ts';

const POLLIN = 1;
const ENTRY_SIZE = 8;

/**
 * Waits until one of the descriptors is readable, at its end of file or in error; a pidfd is readable when
 * its process has ended. Returns for each whether it is; all false after `milliseconds`.
 */
export function poll(fds: readonly number[], milliseconds?: number): boolean[] {
  const entries = new DataView(new ArrayBuffer(ENTRY_SIZE * fds.length));
  fds.forEach((fd, index) => {
    entries.setInt32(ENTRY_SIZE * index, fd, true);
    entries.setInt16(ENTRY_SIZE * index + 4, POLLIN, true);
  });
  syscall('ppoll', new Uint8Array(entries.buffer), fds.length, timespec(milliseconds), 0, 0);
  return fds.map((_, index) => entries.getInt16(ENTRY_SIZE * index + 6, true) !== 0);
}

function timespec(milliseconds: number | undefined): Uint8Array | null {
  if (milliseconds === undefined) return null;
  const seconds = Math.floor(milliseconds / 1000);
  return new Uint8Array(new BigInt64Array([BigInt(seconds), BigInt((milliseconds % 1000) * 1e6)]).buffer);
}
