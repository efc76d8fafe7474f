import { copyData } from './copy-file.ts';
import { EINVAL } from './errno.ts';
import { Fd } from './fd.ts';
import { O_RDONLY, openPath } from './path.ts';
import { statusOf } from './stat.ts';
import { syscall, trySyscall } from './syscall.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
/** No more seals, no shorter, no longer, no other contents. */
const ALL_SEALS = 0xf;

/** A copy of a file in memory that nobody can change any more. Sources: memfd_create(2), fcntl(2). */
export function sealedCopy(path: string, mode: number): Fd {
  using from = openPath(path, O_RDONLY);
  const copy = newMemory();
  copyData(from, copy, statusOf(from).size);
  syscall('fchmod', copy.number, mode);
  syscall('fcntl', copy.number, F_ADD_SEALS, ALL_SEALS);
  return copy;
}

/** MFD_EXEC has to be said where vm.memfd_noexec is on; kernels before Linux 6.3 do not know it. */
function newMemory(): Fd {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const number = trySyscall('memfd_create', 'trunc', flags | MFD_EXEC);
  return new Fd(number === -EINVAL ? syscall('memfd_create', 'trunc', flags) : number);
}
