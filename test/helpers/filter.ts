import { bpf, type FilterInstruction } from '../../src/linux/seccomp.ts';

/** struct seccomp_data, as far as it is needed. */
export interface FilterData {
  number: number;
  architecture: number;
  args?: bigint[];
}

function load(offset: number, { number, architecture, args = [] }: FilterData): number {
  if (offset === bpf.loadNumber.value) return number >>> 0;
  if (offset === bpf.loadArchitecture.value) return architecture;
  const argument = args[Math.floor((offset - 16) / 8)] ?? 0n;
  return Number(BigInt.asUintN(32, offset % 8 === 0 ? argument : argument >> 32n));
}

/** What a filter answers; `next` when it ends without an answer, exactly behind its last instruction. */
export function runFilter(instructions: readonly FilterInstruction[], data: FilterData): number | 'next' {
  const codes = {
    load: bpf.loadNumber.code,
    jump: bpf.jump(0).code,
    equal: bpf.jumpIfEqual(0, 0, 0).code,
    greater: bpf.jumpIfGreater(0, 0, 0).code,
    bits: bpf.jumpIfBits(0, 0, 0).code,
    return: bpf.return(0).code,
  };
  let accumulator = 0;
  let at = 0;
  while (at < instructions.length) {
    const { code, value, whenTrue = 0, whenFalse = 0 } = instructions[at] as FilterInstruction;
    at += 1;
    if (code === codes.load) accumulator = load(value, data);
    else if (code === codes.jump) at += value;
    else if (code === codes.return) return value;
    else if (code === codes.equal) at += accumulator === value ? whenTrue : whenFalse;
    else if (code === codes.greater) at += accumulator > value ? whenTrue : whenFalse;
    else if (code === codes.bits) at += (accumulator & value) !== 0 ? whenTrue : whenFalse;
    else throw new Error(`unknown instruction ${code}`);
  }
  if (at > instructions.length) throw new Error(`jumps ${at - instructions.length} too far`);
  return 'next';
}
