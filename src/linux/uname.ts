import { syscall } from './syscall.ts';

// struct new_utsname in include/uapi/linux/utsname.h: texts of this size, the release the third, the machine the fifth.
const FIELD_SIZE = 65;
const FIELDS = 6;
const RELEASE = 2;
const MACHINE = 4;

/** Such as `6.1.0-42-amd64`. */
export function kernelRelease(): string {
  return field(RELEASE);
}

/** Such as `x86_64`. */
export function machine(): string {
  return field(MACHINE);
}

function field(index: number): string {
  const buffer = Buffer.alloc(FIELD_SIZE * FIELDS);
  syscall('uname', buffer);
  const text = buffer.subarray(FIELD_SIZE * index, FIELD_SIZE * (index + 1));
  return text.toString('utf8', 0, text.indexOf(0));
}
