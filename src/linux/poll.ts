import { syscall } from './syscall.ts';

export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLHUP = 16;
const ENTRY_SIZE = 8;

/** A descriptor, negative for none, and the events that are waited for besides an end of file or error. */
export interface PollEntry {
  fd: number;
  events: number;
}

/** An array of struct pollfd. Source: poll(2). */
export function pollTable(entries: readonly PollEntry[]): DataView {
  const table = new DataView(new ArrayBuffer(ENTRY_SIZE * entries.length));
  entries.forEach(({ fd, events }, index) => {
    table.setInt32(ENTRY_SIZE * index, fd, true);
    table.setInt16(ENTRY_SIZE * index + 4, events, true);
  });
  return table;
}

/** What has happened to each entry. */
export function polledEvents(table: DataView, count: number): number[] {
  return Array.from({ length: count }, (_, index) => table.getInt16(ENTRY_SIZE * index + 6, true));
}

/** Waits until something has happened to an entry. Returns the events of each, 0 for all after `milliseconds`. */
export function pollEvents(entries: readonly PollEntry[], milliseconds?: number): number[] {
  const table = pollTable(entries);
  syscall('ppoll', new Uint8Array(table.buffer), entries.length, pollTimeout(milliseconds), 0, 0);
  return polledEvents(table, entries.length);
}

/**
 * Waits until one of the descriptors is readable, at its end of file or in error; a pidfd is readable when
 * its process has ended. Returns for each whether it is; all false after `milliseconds`.
 */
export function poll(fds: readonly number[], milliseconds?: number): boolean[] {
  const entries = fds.map((fd) => ({ fd, events: POLLIN }));
  return pollEvents(entries, milliseconds).map((events) => events !== 0);
}

/** A struct timespec; null for as long as it takes. */
export function pollTimeout(milliseconds: number | undefined): Uint8Array | null {
  if (milliseconds === undefined) return null;
  const seconds = Math.floor(milliseconds / 1000);
  return new Uint8Array(
    new BigInt64Array([BigInt(seconds), BigInt(Math.ceil((milliseconds % 1000) * 1e6))]).buffer,
  );
}
