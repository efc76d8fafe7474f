import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;

/** Two connected stream sockets, close-on-exec. */
export function socketPair(): [Fd, Fd] {
  const ends = new Int32Array(2);
  syscall('socketpair', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, new Uint8Array(ends.buffer));
  return [new Fd(ends[0] as number), new Fd(ends[1] as number)];
}
