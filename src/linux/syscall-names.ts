import { ffi } from './ffi.ts';
import { LIBRARY } from './libseccomp.ts';

/** More than any architecture has; the x32 ABI has the greatest, 547. */
const COUNT = 600;

/**
 * The system calls that libseccomp knows on an architecture (its token), by number from `first` on. The names are never
 * freed: for commands that end soon.
 */
export function syscallNames(architecture: number, first = 0): Map<number, string> {
  const resolve = ffi()
    .koffi.load(LIBRARY)
    .func('seccomp_syscall_resolve_num_arch', 'const char *', ['uint32_t', 'int']);
  const names = new Map<number, string>();
  for (let number = first; number < first + COUNT; number += 1) {
    const name = resolve(architecture, number) as string | null;
    if (name !== null) names.set(number, name);
  }
  return names;
}
