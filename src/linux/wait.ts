import { syscall } from './syscall.ts';

/** The exit status of a process that a signal has ended is this and the number of the signal. */
export const SIGNALLED = 128;

/** How a child ended: its exit status, or 128 plus the number of the signal that ended it. */
export function waitForExit(pid: number): number {
  return exitStatus(waitFor(pid));
}

/** The same, and in words: `exit status 3`, `killed by signal 9`. */
export function waitForEnd(pid: number): { status: number; how: string } {
  const [value = 0] = waitFor(pid);
  const signal = value & 0x7f;
  const status = exitStatus(Int32Array.of(value));
  return { status, how: signal === 0 ? `exit status ${status}` : `killed by signal ${signal}` };
}

/** What waitForExit returns, from the kernel's encoding. Source: wait(2). */
export function exitStatus([value = 0]: Int32Array): number {
  const signal = value & 0x7f;
  return signal === 0 ? (value >> 8) & 0xff : SIGNALLED + signal;
}

function waitFor(pid: number): Int32Array {
  const status = new Int32Array(1);
  syscall('wait4', pid, new Uint8Array(status.buffer), 0, 0);
  return status;
}
