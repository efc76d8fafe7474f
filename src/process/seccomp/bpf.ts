// Pure.
import { BPF, type FilterInstruction, INSTRUCTION_SIZE, SECCOMP_DATA } from '../../linux/seccomp.ts';

/*
 * What the kernel makes of a filter: classic BPF as libseccomp and we write it, which loads whole words, cuts bits out of
 * them, compares them with constants, jumps ahead, and answers.
 */

/** A system call as a filter sees it: struct seccomp_data, without the instruction pointer. */
export interface SystemCall {
  /** Token of the architecture (AUDIT_ARCH_*). */
  architecture: number;
  number: number;
  /** 0 where there is none. */
  args?: readonly bigint[];
}

/** A program from its bytes: the opposite of encodeFilter. */
export function decodeFilter(bytes: Uint8Array): FilterInstruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / INSTRUCTION_SIZE }, (_, index) => {
    const at = INSTRUCTION_SIZE * index;
    return {
      code: view.getUint16(at, true),
      whenTrue: view.getUint8(at + 2),
      whenFalse: view.getUint8(at + 3),
      value: view.getUint32(at + 4, true),
    };
  });
}

/** One half of an argument, of which some bits may have been cut out: 2 × index, and 1 more for the high half. */
export interface Word {
  word: number;
  mask: number;
}

/** What a comparison of a word says when it holds, or does not. */
export interface Fact extends Word {
  code: number;
  value: number;
  holds: boolean;
}

/** What a jump with that code finds when `value` is compared with `operand`. */
export function compares(code: number, value: number, operand: number): boolean {
  if (code === BPF.jumpIfEqual) return value === operand;
  if (code === BPF.jumpIfGreater) return value > operand;
  if (code === BPF.jumpIfNotLess) return value >= operand;
  if (code === BPF.jumpIfBits) return (value & operand) !== 0;
  throw new Error(`unknown instruction 0x${code.toString(16)}`);
}

/** One step of a program: where it goes on, or what it answers. */
export type Step =
  | { answer: number }
  | { next: number; accumulator: number | Word }
  | { fact: Omit<Fact, 'holds'>; whenTrue: number; whenFalse: number };

/**
 * Carries out the instruction at `at` for a system call whose arguments are not known: a comparison of one is a fork. A
 * program of the kernel's ends in an answer; one that is put in front of another goes on behind its last instruction.
 */
export function step(
  program: readonly FilterInstruction[],
  at: number,
  accumulator: number | Word,
  call: Omit<SystemCall, 'args'>,
): Step {
  const { code, value, whenTrue = 0, whenFalse = 0 } = program[at] as FilterInstruction;
  const next = at + 1;
  if (code === BPF.return) return { answer: value };
  if (code === BPF.jump) return { next: next + value, accumulator };
  if (code === BPF.load) return { next, accumulator: load(value, call) };
  if (code === BPF.and) return { next, accumulator: and(accumulator, value) };
  if (typeof accumulator === 'number')
    return { next: next + (compares(code, accumulator, value) ? whenTrue : whenFalse), accumulator };
  return { fact: { ...accumulator, code, value }, whenTrue: next + whenTrue, whenFalse: next + whenFalse };
}

function load(offset: number, { architecture, number }: Omit<SystemCall, 'args'>): number | Word {
  if (offset === SECCOMP_DATA.number) return number >>> 0;
  if (offset === SECCOMP_DATA.architecture) return architecture;
  if (offset < SECCOMP_DATA.args) throw new Error('a filter that looks at the instruction pointer');
  return { word: (offset - SECCOMP_DATA.args) / 4, mask: 0xffffffff };
}

function and(accumulator: number | Word, value: number): number | Word {
  if (typeof accumulator === 'number') return (accumulator & value) >>> 0;
  return { ...accumulator, mask: (accumulator.mask & value) >>> 0 };
}

/** What a program answers to a system call; `next` when it ends without an answer, exactly behind its last instruction. */
export function runFilter(program: readonly FilterInstruction[], call: SystemCall): number | 'next' {
  let at = 0;
  let accumulator: number | Word = 0;
  while (at < program.length) {
    const result: Step = step(program, at, accumulator, call);
    if ('answer' in result) return result.answer;
    if ('fact' in result) at = tells(result.fact, call.args ?? []) ? result.whenTrue : result.whenFalse;
    else ({ next: at, accumulator } = result);
  }
  if (at > program.length) throw new Error(`jumps ${at - program.length} too far`);
  return 'next';
}

function tells({ word, mask, code, value }: Omit<Fact, 'holds'>, args: readonly bigint[]): boolean {
  const argument = args[word >> 1] ?? 0n;
  const half = Number(BigInt.asUintN(32, word % 2 === 0 ? argument : argument >> 32n));
  return compares(code, (half & mask) >>> 0, value);
}
