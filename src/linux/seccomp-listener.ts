import { ENOENT } from './errno.ts';
import type { Fd } from './fd.ts';
import { syscallError, trySyscall } from './syscall.ts';

// Source: include/uapi/linux/seccomp.h: struct seccomp_notif, struct seccomp_notif_resp, SECCOMP_IOCTL_NOTIF_*.

const NOTIF_RECV = 0xc0502100;
const NOTIF_SEND = 0xc0182101;
const NOTIF_ID_VALID = 0x40082102;
const NOTIFICATION_SIZE = 80;
const RESPONSE_SIZE = 24;
const ARGUMENTS = 6;

/** A system call that waits for its result. */
export interface Notification {
  id: bigint;
  /** Of the thread, here. */
  pid: number;
  architecture: number;
  number: number;
  args: bigint[];
}

/** The next system call that a listener tells of; waits for one. Undefined when it came to nothing meanwhile. */
export function receiveNotification(listener: Fd): Notification | undefined {
  const bytes = Buffer.alloc(NOTIFICATION_SIZE);
  const result = trySyscall('ioctl', listener.number, NOTIF_RECV, bytes);
  if (result === -ENOENT) return undefined;
  if (result < 0) throw syscallError('ioctl', -result, 'SECCOMP_IOCTL_NOTIF_RECV');
  return {
    id: bytes.readBigUInt64LE(0),
    pid: bytes.readUInt32LE(8),
    number: bytes.readInt32LE(16),
    architecture: bytes.readUInt32LE(20),
    args: Array.from({ length: ARGUMENTS }, (_, index) => bytes.readBigUInt64LE(32 + 8 * index)),
  };
}

/** Whether the system call still waits: until then its pid is that of who has made it. */
export function isWaiting(listener: Fd, { id }: Notification): boolean {
  const bytes = new Uint8Array(BigUint64Array.of(id).buffer);
  return trySyscall('ioctl', listener.number, NOTIF_ID_VALID, bytes) === 0;
}

/** Has the system call return that error, or 0, without being carried out. */
export function answerNotification(listener: Fd, { id }: Notification, errno: number): void {
  const bytes = Buffer.alloc(RESPONSE_SIZE);
  bytes.writeBigUInt64LE(id, 0);
  bytes.writeInt32LE(-errno, 16);
  const result = trySyscall('ioctl', listener.number, NOTIF_SEND, bytes);
  if (result < 0 && result !== -ENOENT) throw syscallError('ioctl', -result, 'SECCOMP_IOCTL_NOTIF_SEND');
}
