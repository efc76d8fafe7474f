import { syscall } from './syscall.ts';

// struct new_utsname in include/uapi/linux/utsname.h: texts of this size, the release the third of them.
const FIELD_SIZE = 65;
const FIELDS = 6;
const RELEASE = 2;

/** Such as `6.1.0-42-amd64`. */
export function kernelRelease(): string {
  const buffer = Buffer.alloc(FIELD_SIZE * FIELDS);
  syscall('uname', buffer);
  const release = buffer.subarray(FIELD_SIZE * RELEASE, FIELD_SIZE * (RELEASE + 1));
  return release.toString('utf8', 0, release.indexOf(0));
}
