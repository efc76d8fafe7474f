// Runs on the host.
import { BPF, encodeFilter, SECCOMP_FILTER_FLAG, SECCOMP_RET } from '../../linux/seccomp.ts';
import { decodeFilter, type SystemCall } from './bpf.ts';
import { kindOf } from './plan.ts';
import type { SeccompProgram } from './profile.ts';
import { answerOf } from './treatment.ts';

/** A filter, all of whose refusals are left to a listener. */
export interface WatchedProgram {
  /** To be loaded in its place. */
  program: SeccompProgram;
  /** What the filter itself answers. */
  answer(call: SystemCall): number;
}

/** Not traps: nobody but the kernel can tell a signal's handler of the system call. */
const REFUSALS: readonly number[] = [SECCOMP_RET.errno, SECCOMP_RET.killProcess, SECCOMP_RET.killThread];

/** Has a listener asked where a filter would refuse a system call, or kill for it. */
export function watched({ program, flags }: SeccompProgram): WatchedProgram {
  const own = decodeFilter(Buffer.from(program, 'base64'));
  const asking = own.map((instruction) =>
    instruction.code === BPF.return && REFUSALS.includes(kindOf(instruction.value))
      ? { ...instruction, value: SECCOMP_RET.notify }
      : instruction,
  );
  return {
    program: {
      program: Buffer.from(encodeFilter(asking)).toString('base64'),
      flags: flags | SECCOMP_FILTER_FLAG.newListener,
    },
    answer: (call) => answerOf(own, call),
  };
}
