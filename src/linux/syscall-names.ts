import { ffi } from './ffi.ts';
import { architectureToken, LIBRARY } from './libseccomp.ts';
import { AUDIT_ARCH_X86_64, X32_SYSCALL_BIT } from './seccomp.ts';

/** More than any architecture has; the x32 ABI has the greatest, 547. */
const COUNT = 600;

/**
 * The system calls that libseccomp knows on an architecture (its token), by number from `first` on. The names are never
 * freed: for commands that end soon.
 */
export function syscallNames(architecture: number, first = 0): Map<number, string> {
  const resolve = resolver();
  const names = new Map<number, string>();
  for (let number = first; number < first + COUNT; number += 1) {
    const name = resolve(architecture, number);
    if (name !== null) names.set(number, name);
  }
  return names;
}

/** The name of one system call, by the architecture as the kernel names it; undefined where libseccomp knows none. */
export function syscallName({
  architecture,
  number,
}: {
  architecture: number;
  number: number;
}): string | undefined {
  const isX32 = architecture === AUDIT_ARCH_X86_64 && (number & X32_SYSCALL_BIT) !== 0;
  return resolver()(isX32 ? architectureToken('x32') : architecture, number) ?? undefined;
}

function resolver(): (architecture: number, number: number) => string | null {
  const library = ffi().koffi.load(LIBRARY);
  return library.func('seccomp_syscall_resolve_num_arch', 'const char *', ['uint32_t', 'int']);
}
