import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const IFNAMSIZ = 16;

/** Sets a network interface of the current network namespace up. Source: netdevice(7). */
export function setLinkUp(name: string): void {
  using socket = new Fd(syscall('socket', AF_INET, SOCK_DGRAM_CLOEXEC, 0));
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(name));
  request[IFNAMSIZ] = IFF_UP;
  syscall('ioctl', socket.number, SIOCSIFFLAGS, request);
}
