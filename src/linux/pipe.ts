import { Fd } from './fd.ts';
import { O_CLOEXEC } from './path.ts';
import { syscall } from './syscall.ts';

export interface Pipe {
  read: Fd;
  write: Fd;
}

/** A pipe whose ends are close-on-exec. */
export function openPipe(): Pipe {
  const ends = new Int32Array(2);
  syscall('pipe2', new Uint8Array(ends.buffer), O_CLOEXEC);
  return { read: new Fd(ends[0] as number), write: new Fd(ends[1] as number) };
}
