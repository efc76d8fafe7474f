import { syscall } from './syscall.ts';

/** How a child ended: its exit status, or 128 plus the number of the signal that ended it. */
export function waitForExit(pid: number): number {
  const status = new Int32Array(1);
  syscall('wait4', pid, new Uint8Array(status.buffer), 0, 0);
  return exitStatus(status);
}

/** The same from the kernel's encoding. Source: wait(2). */
export function exitStatus([value = 0]: Int32Array): number {
  const signal = value & 0x7f;
  return signal === 0 ? (value >> 8) & 0xff : 128 + signal;
}
