import { RuntimeError } from '../errors.ts';
import { ECONNRESET, EPIPE } from './errno.ts';
import { Fd } from './fd.ts';
import { Memory } from './memory.ts';
import { O_PATH, openPath } from './path.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
export const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

const MESSAGE_HEADER_SIZE = 56;
const CONTROL_HEADER_SIZE = 16;
const MESSAGE_FLAGS = 48;
const MSG_CTRUNC = 8;
const MSG_TRUNC = 0x20;
/** How many descriptors one message carries at most; the kernel takes 253. */
export const MAX_FDS = 64;
const PACKET_SIZE = 1 << 14;

/** Two connected sockets, close-on-exec: of a stream, or of packets that arrive as they were sent. */
export function socketPair(kind: 'stream' | 'packets' = 'stream'): [Fd, Fd] {
  const ends = new Int32Array(2);
  const type = kind === 'stream' ? SOCK_STREAM : SOCK_SEQPACKET;
  syscall('socketpair', AF_UNIX, type | SOCK_CLOEXEC, 0, new Uint8Array(ends.buffer));
  return [new Fd(ends[0] as number), new Fd(ends[1] as number)];
}

/** Connects to the stream socket at `path`, of any length. Source: unix(7). */
export function connectSocket(path: string): Fd {
  using place = openPath(path, O_PATH);
  return openSocket(SOCK_STREAM, 'connect', `${placeName(place)}\0`);
}

/** Connects to the datagram socket at `path`, of any length, or `@name` for one without a file. */
export function connectDatagrams(path: string): Fd {
  if (path.startsWith('@')) return openSocket(SOCK_DGRAM, 'connect', `\0${path.slice(1)}`);
  using place = openPath(path, O_PATH);
  return openSocket(SOCK_DGRAM, 'connect', `${placeName(place)}\0`);
}

/** Makes a datagram socket in a directory. */
export function bindDatagrams(directory: string, name: string): Fd {
  using place = openPath(directory, O_PATH);
  return openSocket(SOCK_DGRAM, 'bind', `${placeName(place)}/${name}\0`);
}

/** A short name for an open file: an address has room for 107 bytes only. */
function placeName({ number }: Fd): string {
  return `/proc/self/fd/${number}`;
}

function openSocket(type: number, action: 'bind' | 'connect', name: string): Fd {
  const socket = new Fd(syscall('socket', AF_UNIX, type | SOCK_CLOEXEC, 0));
  const bytes = new TextEncoder().encode(name);
  const address = new Uint8Array(2 + bytes.length);
  address[0] = AF_UNIX;
  address.set(bytes, 2);
  const result = trySyscall(action, socket.number, address, address.length);
  if (result === 0) return socket;
  socket.close();
  throw syscallError(action, -result);
}

/** Sends bytes, all of them; false when the peer has ended. */
export function send(socket: Fd, bytes: Uint8Array): boolean {
  for (let sent = 0; sent < bytes.length; ) {
    const rest = bytes.subarray(sent);
    const count = trySyscall('sendto', socket.number, rest, rest.length, MSG_NOSIGNAL, 0, 0);
    if (count === -EPIPE) return false;
    if (count < 0) throw syscallError('sendto', -count);
    sent += count;
  }
  return true;
}

/** Receives at most as many bytes as there is room for; 0 when the peer has ended, with or without a rest unread. */
export function receive(socket: Fd, bytes: Uint8Array): number {
  const count = trySyscall('read', socket.number, bytes, bytes.length);
  if (count < 0 && count !== -ECONNRESET) throw syscallError('read', -count);
  return Math.max(0, count);
}

/**
 * Sends at most MAX_FDS descriptors, and with them `text`, which may not be empty; false when the peer has ended.
 * Source: unix(7), SCM_RIGHTS.
 */
export function sendFds(socket: Fd, fds: readonly Fd[], text = '\0'): boolean {
  const { header, putFd } = layOutMessage(new TextEncoder().encode(text), fds.length);
  fds.forEach(({ number }, index) => {
    putFd(index, number);
  });
  const result = trySyscall('sendmsg', socket.number, header, MSG_NOSIGNAL);
  if (result < 0 && result !== -EPIPE) throw syscallError('sendmsg', -result);
  return result >= 0;
}

/** A struct msghdr for sendmsg(2), in memory that stays. */
export interface LaidOutMessage {
  header: number;
  putFd(index: number, fd: number): void;
}

/** Of bytes, at least one, and room for some descriptors, at most MAX_FDS. */
export function layOutMessage(bytes: Uint8Array, fds: number): LaidOutMessage {
  const { memory, header, data, control } = messageMemory(bytes.length);
  memory.put(data, bytes);
  if (fds === 0) memory.putLong(header + 32, 0);
  else memory.putLong(header + 40, CONTROL_HEADER_SIZE + ((4 * fds + 7) & ~7));
  memory.putLong(control, CONTROL_HEADER_SIZE + 4 * fds);
  memory.putInt(control + 8, SOL_SOCKET);
  memory.putInt(control + 12, SCM_RIGHTS);
  return { header, putFd: (index, fd) => memory.putInt(control + CONTROL_HEADER_SIZE + 4 * index, fd) };
}

/** Receives what sendFds sent; the descriptors are close-on-exec. None when the peer has ended. */
export function receiveFds(socket: Fd): Fd[] {
  return receiveMessage(socket, 1).fds;
}

/** Receives one packet, and the descriptors that came with it, close-on-exec. No bytes when the peer has ended. */
export function receivePacket(socket: Fd): { bytes: Uint8Array; fds: Fd[] } {
  return receiveMessage(socket, PACKET_SIZE);
}

function receiveMessage(socket: Fd, size: number): { bytes: Uint8Array; fds: Fd[] } {
  const { memory, header, data, control } = messageMemory(size);
  memory.putLong(header + 40, CONTROL_HEADER_SIZE + 4 * MAX_FDS);
  const count = trySyscall('recvmsg', socket.number, header, MSG_CMSG_CLOEXEC);
  if (count === 0 || count === -ECONNRESET) return { bytes: new Uint8Array(), fds: [] };
  if (count < 0) throw syscallError('recvmsg', -count);
  const flags = memory.getInt(header + MESSAGE_FLAGS);
  if (flags & MSG_TRUNC)
    throw new RuntimeError(`a packet of more than ${size} bytes`, { code: 'PROTOCOL', errno: 'EMSGSIZE' });
  return { bytes: memory.bytes(data, count), fds: receivedFds(memory, control, flags) };
}

function receivedFds(memory: Memory, control: number, flags: number): Fd[] {
  if (flags & MSG_CTRUNC) {
    throw new RuntimeError('not all descriptors could be received', {
      code: 'SYSCALL',
      errno: 'EMFILE',
      hint: 'raise the limit of open files (RLIMIT_NOFILE) of the caller',
    });
  }
  const count = (memory.getInt(control) - CONTROL_HEADER_SIZE) / 4;
  const fds: Fd[] = [];
  for (let index = 0; index < count; index++)
    fds.push(new Fd(memory.getInt(control + CONTROL_HEADER_SIZE + 4 * index)));
  return fds;
}

/** A struct msghdr for this many bytes of data, and room for a control message. */
function messageMemory(
  size: number,
): Record<'header' | 'vector' | 'data' | 'control', number> & { memory: Memory } {
  const memory = new Memory(4096 + size);
  const header = memory.take(MESSAGE_HEADER_SIZE);
  const vector = memory.take(16);
  const control = memory.take(CONTROL_HEADER_SIZE + 4 * MAX_FDS);
  const data = memory.take(size);
  memory.putLong(vector, data);
  memory.putLong(vector + 8, size);
  memory.putLong(header + 16, vector);
  memory.putLong(header + 24, 1);
  memory.putLong(header + 32, control);
  return { memory, header, vector, data, control };
}
