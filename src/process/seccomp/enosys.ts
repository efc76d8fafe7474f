// Pure.
import { ENOSYS } from '../../linux/errno.ts';
import {
  AUDIT_ARCH_X86_64,
  bpf,
  type FilterInstruction,
  SECCOMP_RET,
  X32_SYSCALL_BIT,
} from '../../linux/seccomp.ts';
import { passes } from './plan.ts';

/*
 * C libraries try a new system call, and fall back to an old one when the kernel says ENOSYS. A profile that is older
 * than the call would say EPERM, or kill. So whatever has a greater number than all that the profile names does not
 * exist; what it leaves out below that is forbidden, as it says.
 */

/** The greatest number that a profile names on one architecture. */
export interface LastSyscall {
  /** libseccomp's name and token of the architecture. */
  name: string;
  token: number;
  number: number;
}

/** Whether a default action is one that a system call unknown to the profile should not meet. */
export function needsEnosys(defaultAction: number): boolean {
  return !passes(defaultAction) && defaultAction !== (SECCOMP_RET.errno | ENOSYS);
}

/** What stands in front of the filter. Architectures that are not given go on to it. */
export function enosysStub(lasts: readonly LastSyscall[]): FilterInstruction[] {
  const isX86 = ({ name }: LastSyscall): boolean => name === 'x86_64' || name === 'x32';
  const blocks = lasts
    .filter((last) => !isX86(last))
    .map(({ token, number }) => block(token, [bpf.jumpIfGreater(number, 0, 1)]));
  const x86 = lasts.find(({ name }) => name === 'x86_64')?.number;
  const x32 = lasts.find(({ name }) => name === 'x32')?.number;
  if (x86 !== undefined || x32 !== undefined) blocks.push(block(AUDIT_ARCH_X86_64, x86Checks(x86, x32)));
  if (blocks.length === 0) return [];

  const stub: FilterInstruction[] = [];
  for (const instructions of blocks.reverse()) stub.unshift(...instructions(stub.length));
  return [bpf.loadArchitecture, ...stub];
}

/** Two ABIs have this architecture: x32 has numbers of its own, with a bit that the other's never have. */
function x86Checks(x86: number | undefined, x32: number | undefined): FilterInstruction[] {
  if (x86 === undefined) return [bpf.jumpIfGreater(x32 as number, 0, 1)];
  if (x32 === undefined) return [bpf.jumpIfBits(X32_SYSCALL_BIT, 2, 0), bpf.jumpIfGreater(x86, 0, 1)];
  return [bpf.jumpIfBits(X32_SYSCALL_BIT, 1, 0), bpf.jumpIfGreater(x86, 1, 2), bpf.jumpIfGreater(x32, 0, 1)];
}

/**
 * For one architecture: `checks` end in one that skips the answer unless the number is too great. `after` is how many
 * instructions there are between the block and the filter.
 */
function block(token: number, checks: readonly FilterInstruction[]): (after: number) => FilterInstruction[] {
  return (after) => {
    const rest = [bpf.loadNumber, ...checks, bpf.return(SECCOMP_RET.errno | ENOSYS), bpf.jump(after)];
    return [bpf.jumpIfEqual(token, 0, rest.length), ...rest];
  };
}
