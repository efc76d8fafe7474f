import { RuntimeError } from '../errors.ts';
import { EEXIST } from './errno.ts';
import { Fd } from './fd.ts';
import { type CFunction, ffi, loadLibrary } from './ffi.ts';
import { readFile } from './file.ts';
import { errnoText, syscall } from './syscall.ts';

/** Name without `seccomp_` → result and parameters. Source: seccomp.h of libseccomp 2.5. */
const declarations = {
  version: ['void *'],
  init: ['void *', 'uint32_t'],
  release: ['void', 'void *'],
  arch_native: ['uint32_t'],
  arch_resolve_name: ['uint32_t', 'const char *'],
  arch_add: ['int', 'void *', 'uint32_t'],
  attr_set: ['int', 'void *', 'int', 'uint32_t'],
  syscall_resolve_name: ['int', 'const char *'],
  syscall_resolve_name_arch: ['int', 'uint32_t', 'const char *'],
  rule_add_array: ['int', 'void *', 'uint32_t', 'int', 'unsigned int', 'void *'],
  export_bpf: ['int', 'void *', 'int'],
} as const;

export const LIBRARY = 'libseccomp.so.2';
const SCMP_FLTATR_CTL_OPTIMIZE = 8;
const BINARY_TREE = 2;
const NR_SCMP_ERROR = -1;
const MFD_CLOEXEC = 1;
const SIZE_OF_COMPARISON = 24;
const INVALID = { code: 'SECCOMP_INVALID' } as const;

const loaded: { functions?: Record<keyof typeof declarations, CFunction> } = {};

/** libseccomp, loaded at the first call. */
function library() {
  loaded.functions ??= loadLibrary(LIBRARY, 'seccomp_', declarations, {
    code: 'SECCOMP_NO_LIBRARY',
    hint: 'install it (Debian: libseccomp2)',
  });
  return loaded.functions;
}

/** Such as `2.5.4`. */
export function libseccompVersion(): string {
  const { koffi } = ffi();
  const numbers = new Uint32Array(koffi.view(koffi.address(library().version()), 12));
  return numbers.join('.');
}

/** The file that libseccomp was loaded from. */
export function libseccompFile(): string {
  library();
  const line = readFile('/proc/self/maps')
    .split('\n')
    .find((text) => text.includes('/libseccomp.so'));
  return line?.slice(line.indexOf('/')) ?? '';
}

/** Of an architecture by libseccomp's name for it, such as `x86_64`; 0 when it is unknown. */
export const architectureToken = (name: string): number => library().arch_resolve_name(name);
export const nativeArchitecture = (): number => library().arch_native();

/** The number of a system call, negative where an architecture has none of that name. */
export const numberOn = (architecture: number, name: string): number =>
  library().syscall_resolve_name_arch(architecture, name);

/** Comparison operators: enum scmp_compare. */
export const SCMP_CMP = { NE: 1, LT: 2, LE: 3, EQ: 4, GE: 5, GT: 6, MASKED_EQ: 7 } as const;

/** One argument of a system call compared with a value: struct scmp_arg_cmp. For MASKED_EQ `a` is the mask, `b` the value. */
export interface Comparison {
  argument: number;
  operator: number;
  a: bigint;
  b: bigint;
}

/** A filter that libseccomp makes. Its default action is one of SECCOMP_RET. */
export class SeccompFilter implements Disposable {
  readonly #context: unknown;

  constructor(defaultAction: number) {
    this.#context = library().init(defaultAction);
    if (this.#context === null)
      throw new RuntimeError('this kernel or libseccomp does not know the action', INVALID);
  }

  /** Rules that are added from now on hold for it too. */
  addArchitecture(token: number): void {
    const result = library().arch_add(this.#context, token);
    if (result < 0 && result !== -EEXIST)
      throw new RuntimeError(`libseccomp says: ${errnoText(-result)}`, INVALID);
  }

  /** Have it search the system calls by halves; false where libseccomp cannot (before 2.5). */
  sort(): boolean {
    return library().attr_set(this.#context, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE) === 0;
  }

  /** Adds a rule that holds when all comparisons do; false when no architecture has a system call of that name. */
  addRule(name: string, action: number, comparisons: readonly Comparison[]): boolean {
    const { syscall_resolve_name: resolve, rule_add_array: add } = library();
    const number = resolve(name);
    if (number === NR_SCMP_ERROR) return false;
    const result = add(this.#context, action, number, comparisons.length, encode(comparisons));
    if (result === -EEXIST) throw new RuntimeError('contradicts an earlier rule', INVALID);
    if (result < 0) throw new RuntimeError(`libseccomp says: ${errnoText(-result)}`, INVALID);
    return true;
  }

  /** The BPF program, as seccomp(2) takes it. */
  compile(): Uint8Array {
    using file = new Fd(syscall('memfd_create', 'seccomp', MFD_CLOEXEC));
    const result = library().export_bpf(this.#context, file.number);
    if (result < 0) throw new RuntimeError(`libseccomp says: ${errnoText(-result)}`, INVALID);
    const size = syscall('lseek', file.number, 0, 1);
    const bytes = new Uint8Array(size);
    syscall('lseek', file.number, 0, 0);
    for (let filled = 0; filled < size; ) {
      filled += syscall('read', file.number, bytes.subarray(filled), size - filled);
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    library().release(this.#context);
  }
}

function encode(comparisons: readonly Comparison[]): Uint8Array | null {
  if (comparisons.length === 0) return null;
  const bytes = new Uint8Array(SIZE_OF_COMPARISON * comparisons.length);
  const view = new DataView(bytes.buffer);
  comparisons.forEach(({ argument, operator, a, b }, index) => {
    const at = SIZE_OF_COMPARISON * index;
    view.setUint32(at, argument, true);
    view.setUint32(at + 4, operator, true);
    view.setBigUint64(at + 8, a, true);
    view.setBigUint64(at + 16, b, true);
  });
  return bytes;
}
