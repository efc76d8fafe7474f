import { syscall } from './syscall.ts';

/** The exit status of a process that a signal has ended is this and the number of the signal. */
export const SIGNALLED = 128;

/** How a child ended: its exit status, or 128 plus the number of the signal that ended it. */
export function waitForExit(pid: number): number {
  return exitStatus(waitFor(pid));
}

/** The same, and in words: `exit status 3`, `killed by signal 9`. */
export function waitForEnd(pid: number): { status: number; how: string } {
  const encoded = waitFor(pid);
  const status = exitStatus(encoded);
  const signal = signalOf(encoded);
  return { status, how: signal === 0 ? `exit status ${status}` : `killed by signal ${signal}` };
}

/** What waitForExit returns, from the kernel's encoding. Source: wait(2). */
export function exitStatus(encoded: number): number {
  const signal = signalOf(encoded);
  return signal === 0 ? (encoded >> 8) & 0xff : SIGNALLED + signal;
}

const signalOf = (encoded: number): number => encoded & 0x7f;

function waitFor(pid: number): number {
  const status = new Int32Array(1);
  syscall('wait4', pid, new Uint8Array(status.buffer), 0, 0);
  return status[0] as number;
}
