import { EAGAIN } from './errno.ts';
import { Fd } from './fd.ts';
import { O_CLOEXEC, O_NONBLOCK } from './path.ts';
import { SyscallError, syscall, syscallError, trySyscall } from './syscall.ts';

// Source: netlink(7), rtnetlink(7), include/uapi/linux/netlink.h of the kernel. All numbers are of the
// machine's byte order, which is little-endian on both architectures.

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NLA_TYPE_MASK = 0x3fff;
const HEADER = 16;
const ATTRIBUTE_HEADER = 4;
/** struct sockaddr_nl. */
const ADDRESS = 12;
/** The most that the kernel puts into one datagram. */
const DATAGRAM = 1 << 15;

/** Asks for a list of everything. */
export const NLM_F_DUMP = 0x300;
/** Fails where there is such a thing already. */
export const NLM_F_CREATE_EXCLUSIVE = 0x600;

/** A message of the kernel, without its header. */
export interface Message {
  type: number;
  flags: number;
  body: Buffer;
}

/** An rtnetlink socket of the calling thread's network namespace, which it keeps alive. */
export function openNetlink(): Fd {
  const socket = new Fd(syscall('socket', AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_ROUTE));
  const on = new Uint8Array(Int32Array.of(1).buffer);
  // Reasons in words; kernels before Linux 4.12 have none.
  trySyscall('setsockopt', socket.number, SOL_NETLINK, NETLINK_EXT_ACK, on, on.length);
  return socket;
}

/** A socket that gets the notifications of multicast groups (a mask); reading it never waits. */
export function openMonitor(groups: number): Fd {
  const type = SOCK_RAW | O_CLOEXEC | O_NONBLOCK;
  const socket = new Fd(syscall('socket', AF_NETLINK, type, NETLINK_ROUTE));
  const address = Buffer.alloc(ADDRESS);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  syscall('bind', socket.number, address, address.length);
  return socket;
}

/** What has arrived on a monitor since the last time. */
export function notifications(monitor: Fd): Message[] {
  const found: Message[] = [];
  for (let some = receive(monitor); some.length > 0; some = receive(monitor)) found.push(...some);
  return found;
}

/** Makes one request and returns the kernel's answers to it; throws when it refuses. */
export function request(socket: Fd, type: number, flags: number, ...parts: Buffer[]): Message[] {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags | NLM_F_REQUEST | NLM_F_ACK, 6);
  const bytes = Buffer.concat([header, body]);
  for (;;) {
    syscall('sendto', socket.number, bytes, bytes.length, 0, 0, 0);
    const found = answers(socket);
    // A list during which something has changed may lack entries.
    if (!found.some(({ flags }) => flags & NLM_F_DUMP_INTR)) return found;
  }
}

function answers(socket: Fd): Message[] {
  const found: Message[] = [];
  for (;;) {
    for (const message of receive(socket)) {
      if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) found.push(message);
      else if (message.body.readInt32LE(0) < 0) throw refusal(message);
      else return found;
    }
  }
}

/** The next datagram, which holds any number of messages; none when there is nothing to read. */
function receive(socket: Fd): Message[] {
  const buffer = Buffer.alloc(DATAGRAM);
  const sender = Buffer.alloc(ADDRESS);
  const size = new Uint8Array(Int32Array.of(ADDRESS).buffer);
  const length = trySyscall('recvfrom', socket.number, buffer, buffer.length, 0, sender, size);
  if (length === -EAGAIN) return [];
  if (length < 0) throw syscallError('recvfrom', -length, 'rtnetlink');
  // Who administers the network namespace may send something too; only the kernel has the port 0.
  if (sender.readUInt32LE(4) !== 0) return receive(socket);
  const found: Message[] = [];
  for (let at = 0; at + HEADER <= length; ) {
    const size = buffer.readUInt32LE(at);
    const body = buffer.subarray(at + HEADER, at + size);
    found.push({ type: buffer.readUInt16LE(at + 4), flags: buffer.readUInt16LE(at + 6), body });
    at += aligned(size);
  }
  return found;
}

/** The error of a refused request, in the kernel's own words where it has some. */
function refusal({ type, flags, body }: Message): SyscallError {
  const plain = syscallError('sendto', -body.readInt32LE(0), 'rtnetlink');
  if (type !== NLMSG_ERROR || !(flags & NLM_F_ACK_TLVS)) return plain;
  // The request comes back, whole or only its header, before what is said about it.
  const start = 4 + aligned(flags & NLM_F_CAPPED ? HEADER : body.readUInt32LE(4));
  const text = attributes(body, start).get(NLMSGERR_ATTR_MSG);
  if (text === undefined) return plain;
  const reason = `${plain.reason}: ${textOf(text).toLowerCase()}`;
  return new SyscallError({ syscall: 'sendto', errno: String(plain.errno), reason, subject: 'rtnetlink' });
}

const aligned = (size: number): number => (size + 3) & ~3;

/** The attributes of a message by their type; `start` is the size of what comes before them. */
export function attributes(body: Buffer, start: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = start; at + ATTRIBUTE_HEADER <= body.length; ) {
    const size = body.readUInt16LE(at);
    const value = body.subarray(at + ATTRIBUTE_HEADER, at + size);
    found.set(body.readUInt16LE(at + 2) & NLA_TYPE_MASK, value);
    at += Math.max(ATTRIBUTE_HEADER, aligned(size));
  }
  return found;
}

/** An attribute: bytes, a string (NUL-terminated) or an unsigned number of 32 bits. */
export function attribute(type: number, value: Buffer | string | number): Buffer {
  const bytes = typeof value === 'object' ? value : bytesOf(value);
  const result = Buffer.alloc(ATTRIBUTE_HEADER + aligned(bytes.length));
  result.writeUInt16LE(ATTRIBUTE_HEADER + bytes.length, 0);
  result.writeUInt16LE(type, 2);
  bytes.copy(result, ATTRIBUTE_HEADER);
  return result;
}

function bytesOf(value: string | number): Buffer {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The string of an attribute, without what may follow it. */
export function textOf(value: Buffer): string {
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}
