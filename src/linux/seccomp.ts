import { EFAULT } from './errno.ts';
import { Memory } from './memory.ts';
import { syscall, trySyscall } from './syscall.ts';
import { type SyscallName, syscallNumber } from './syscall-numbers.ts';

// Classic BPF as seccomp(2) takes it. Sources: include/uapi/linux/{seccomp,filter,bpf_common,audit}.h.

/** What a filter answers; the low 16 bits are the data of `errno` (0: success that did nothing) and `trace`. */
export const SECCOMP_RET = {
  killProcess: 0x80000000,
  killThread: 0,
  trap: 0x00030000,
  errno: 0x00050000,
  notify: 0x7fc00000,
  trace: 0x7ff00000,
  log: 0x7ffc0000,
  allow: 0x7fff0000,
} as const;

export const SECCOMP_FILTER_FLAG = {
  log: 1 << 1,
  specAllow: 1 << 2,
  /** seccomp(2) returns a descriptor, close-on-exec, that tells of what SECCOMP_RET.notify is about (Linux 5.0). */
  newListener: 1 << 3,
  /** Only with newListener (Linux 5.19). */
  waitKillableRecv: 1 << 5,
} as const;

export const AUDIT_ARCH_X86_64 = 0xc000003e;
const AUDIT_ARCH_AARCH64 = 0xc00000b7;
/** Marks the system calls of the x32 ABI, whose architecture is that of x86-64. */
export const X32_SYSCALL_BIT = 0x40000000;

const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_GET_ACTION_AVAIL = 2;
const SIG_SETMASK = 2;

/** Bytes of an instruction (struct sock_filter), and how many the kernel takes at most. */
export const INSTRUCTION_SIZE = 8;
export const MAX_INSTRUCTIONS = 4096;

/** One instruction: struct sock_filter. A jump counts the instructions to skip. */
export interface FilterInstruction {
  code: number;
  whenTrue?: number;
  whenFalse?: number;
  value: number;
}

/** Their codes: words of 32 bits, and constants. */
export const BPF = {
  load: 0x20,
  and: 0x54,
  jump: 0x05,
  jumpIfEqual: 0x15,
  jumpIfGreater: 0x25,
  jumpIfNotLess: 0x35,
  jumpIfBits: 0x45,
  return: 0x06,
} as const;

/** Byte offsets in struct seccomp_data. */
export const SECCOMP_DATA = { number: 0, architecture: 4, args: 16 } as const;

const load = (value: number): FilterInstruction => ({ code: BPF.load, value });
const jumpIf =
  (code: number) =>
  (value: number, whenTrue: number, whenFalse: number): FilterInstruction => ({
    code,
    value,
    whenTrue,
    whenFalse,
  });

/** The few instructions that are used. */
export const bpf = {
  loadNumber: load(SECCOMP_DATA.number),
  loadArchitecture: load(SECCOMP_DATA.architecture),
  /** Half of an argument of the system call: 0 is its low 32 bits, 1 the high ones. */
  loadArgument: (index: number, half: 0 | 1): FilterInstruction =>
    load(SECCOMP_DATA.args + 8 * index + 4 * half),
  and: (value: number): FilterInstruction => ({ code: BPF.and, value }),
  jump: (count: number): FilterInstruction => ({ code: BPF.jump, value: count }),
  jumpIfEqual: jumpIf(BPF.jumpIfEqual),
  jumpIfGreater: jumpIf(BPF.jumpIfGreater),
  jumpIfNotLess: jumpIf(BPF.jumpIfNotLess),
  jumpIfBits: jumpIf(BPF.jumpIfBits),
  return: (value: number): FilterInstruction => ({ code: BPF.return, value }),
};

/** As the kernel has them in memory. */
export function encodeFilter(instructions: readonly FilterInstruction[]): Uint8Array {
  const bytes = new Uint8Array(INSTRUCTION_SIZE * instructions.length);
  const view = new DataView(bytes.buffer);
  instructions.forEach(({ code, whenTrue = 0, whenFalse = 0, value }, index) => {
    const at = INSTRUCTION_SIZE * index;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, whenTrue);
    view.setUint8(at + 3, whenFalse);
    view.setUint32(at + 4, value, true);
  });
  return bytes;
}

/** The arguments behind those that a system call has, which the kernel does not look at, and a filter does. */
export type CallKey = readonly [fifth: number, sixth: number];

/** One that nobody guesses: 104 random bits. Nobody can read it either, whom a filter holds: not in a filter, not in a process. */
export function newCallKey(): CallKey {
  const random = new Uint32Array(4);
  syscall('getrandom', new Uint8Array(random.buffer), random.byteLength, 0);
  const [a = 0, b = 0, c = 0, d = 0] = random;
  return [(a % 2 ** 20) * 2 ** 32 + b, (c % 2 ** 20) * 2 ** 32 + d];
}

/**
 * Answers these system calls, of four arguments at most, when they have the key, and leaves the rest to what follows: for the
 * calling thread's own last steps behind its filter.
 */
export function answerKeyed(
  names: readonly SyscallName[],
  key: CallKey,
  answer: number = SECCOMP_RET.allow,
): FilterInstruction[] {
  const words = key.flatMap((word, index) => [
    { load: bpf.loadArgument(4 + index, 0), value: word % 2 ** 32 },
    { load: bpf.loadArgument(4 + index, 1), value: Math.floor(word / 2 ** 32) },
  ]);
  const checks = words.flatMap(({ load, value }, index) => {
    const rest = 2 * (words.length - index - 1) + 1;
    return [load, bpf.jumpIfEqual(value, 0, rest)];
  });
  const numbers = names.map((name, index) => {
    const left = names.length - index - 1;
    return bpf.jumpIfEqual(syscallNumber(name), left, left > 0 ? 0 : checks.length + 1);
  });
  const count = 1 + numbers.length + checks.length + 1;
  return [
    bpf.loadArchitecture,
    bpf.jumpIfEqual(nativeAuditArch(), 0, count),
    bpf.loadNumber,
    ...numbers,
    ...checks,
    bpf.return(answer),
  ];
}

const nativeAuditArch = (): number => (process.arch === 'arm64' ? AUDIT_ARCH_AARCH64 : AUDIT_ARCH_X86_64);

/** Allows to set the signal mask, as a call chain does between two calls. */
export function allowSignalMask(): FilterInstruction[] {
  return [
    bpf.loadArchitecture,
    bpf.jumpIfEqual(nativeAuditArch(), 0, 5),
    bpf.loadNumber,
    bpf.jumpIfEqual(syscallNumber('rt_sigprocmask'), 0, 3),
    bpf.loadArgument(0, 0),
    bpf.jumpIfEqual(SIG_SETMASK, 0, 1),
    bpf.return(SECCOMP_RET.allow),
  ];
}

/** Arguments of seccomp(2) behind its number, in memory that stays: the filter is `parts` one after the other. */
export function layOutFilter(
  parts: readonly Uint8Array[],
  flags: number,
): [operation: number, flags: number, program: number] {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const memory = new Memory(size + 128);
  const header = memory.take(16);
  const code = memory.take(size);
  // struct sock_fprog: how many, and where.
  memory.putInt(header, size / INSTRUCTION_SIZE);
  memory.putLong(header + 8, code);
  let at = code;
  for (const part of parts) {
    memory.put(at, part);
    at += part.length;
  }
  return [SECCOMP_SET_MODE_FILTER, flags, header];
}

/** Whether this kernel knows an action of SECCOMP_RET (Linux 4.14). */
export function hasSeccompAction(action: number): boolean {
  const value = new Uint8Array(Uint32Array.of(action).buffer);
  return trySyscall('seccomp', SECCOMP_GET_ACTION_AVAIL, 0, value) === 0;
}

/** Whether this kernel knows a flag of seccomp(2): it looks at them before it misses the filter. */
export function hasSeccompFlag(flag: number): boolean {
  const { waitKillableRecv, newListener } = SECCOMP_FILTER_FLAG;
  const flags = flag === waitKillableRecv ? flag | newListener : flag;
  return trySyscall('seccomp', SECCOMP_SET_MODE_FILTER, flags, null) === -EFAULT;
}
