import { asyncSyscall, syscall } from './syscall.ts';

const ANY_CHILD = -1;

/** How a child ended: its exit status, or 128 plus the number of the signal that ended it. */
export function waitForExit(pid: number): number {
  const status = new Int32Array(1);
  syscall('wait4', pid, new Uint8Array(status.buffer), 0, 0);
  return exitStatus(status);
}

/** Waits, while the event loop goes on, for the end of whichever child is the first. */
export async function waitForAnyExit(): Promise<{ pid: number; status: number }> {
  const status = new Int32Array(1);
  const pid = await asyncSyscall('wait4', ANY_CHILD, new Uint8Array(status.buffer), 0, 0);
  return { pid, status: exitStatus(status) };
}

function exitStatus([value = 0]: Int32Array): number {
  const signal = value & 0x7f;
  return signal === 0 ? (value >> 8) & 0xff : 128 + signal;
}
