// Pure.
import { type Comparison, SCMP_CMP } from '../../linux/libseccomp.ts';
import { bpf, type FilterInstruction } from '../../linux/seccomp.ts';
import type { RulePlan } from './plan.ts';

/*
 * Rules that libseccomp cannot be trusted with. Of several rules about the arguments of one system call version 2.5.4 makes a
 * tree, in which some get lost and some hold for more than they say; for some the tree has a loop, and it never comes
 * back. It does right by one such rule, and by several of one action that each ask whether one argument is, or is not,
 * something. The others are instructions of our own in front of its program: the first rule that holds decides.
 */

export interface Division {
  theirs: readonly RulePlan[];
  /** By system call. */
  ours: ReadonlyMap<string, readonly RulePlan[]>;
}

/** Who makes instructions of which rules. */
export function divide(rules: readonly RulePlan[]): Division {
  const conditional = new Map<string, RulePlan[]>();
  const unconditional = new Set<string>();
  for (const rule of rules) {
    if (rule.comparisons.length === 0) unconditional.add(rule.syscall);
    else conditional.set(rule.syscall, [...(conditional.get(rule.syscall) ?? []), rule]);
  }
  const ours = new Map(
    [...conditional].filter(([syscall, own]) => !unconditional.has(syscall) && !isSimple(own)),
  );
  // A rule without conditions is all that counts for its system call.
  const isTheirs = ({ syscall, comparisons }: RulePlan): boolean =>
    !ours.has(syscall) && (comparisons.length === 0 || !unconditional.has(syscall));
  return { theirs: rules.filter(isTheirs), ours };
}

function isSimple(rules: readonly RulePlan[]): boolean {
  const operators: number[] = [SCMP_CMP.EQ, SCMP_CMP.NE, SCMP_CMP.MASKED_EQ];
  const isPlain = ({ comparisons, action }: RulePlan): boolean =>
    comparisons.length === 1 &&
    operators.includes((comparisons[0] as Comparison).operator) &&
    action === rules[0]?.action;
  return rules.length === 1 || rules.every(isPlain);
}

/** The rules of one system call on one architecture. */
export interface ComparedCall {
  /** As the kernel names the architecture. */
  token: number;
  number: number;
  rules: readonly RulePlan[];
}

/** Answers these calls, and leaves all others to what follows. */
export function compareFilter(calls: readonly ComparedCall[], defaultAction: number): FilterInstruction[] {
  return calls.flatMap(({ token, number, rules }) => {
    const answers = [...rules.flatMap(ruleInstructions), bpf.return(defaultAction)];
    const ofArchitecture = [
      bpf.loadArchitecture,
      bpf.jumpIfEqual(token, 1, 0),
      bpf.jump(answers.length),
      ...answers,
    ];
    return [
      bpf.loadNumber,
      bpf.jumpIfEqual(number, 1, 0),
      bpf.jump(ofArchitecture.length),
      ...ofArchitecture,
    ];
  });
}

function ruleInstructions({ comparisons, action }: RulePlan): FilterInstruction[] {
  const parts = comparisons.map(instructionsOf);
  const all = parts.flat();
  const instructions: FilterInstruction[] = [];
  let end = 0;
  for (const part of parts) {
    end += part.length;
    for (const { instruction, whenTrue, whenFalse } of part) {
      const next = instructions.length + 1;
      // Where the next comparison begins, and behind the answer.
      const targets = { next: 0, holds: end - next, fails: all.length + 1 - next };
      const jumps = whenTrue && { whenTrue: targets[whenTrue], whenFalse: targets[whenFalse ?? 'next'] };
      instructions.push({ ...instruction, ...jumps });
    }
  }
  return [...instructions, bpf.return(action)];
}

type Target = 'next' | 'holds' | 'fails';
interface Part {
  instruction: FilterInstruction;
  whenTrue?: Target;
  whenFalse?: Target;
}

/** Of 64 bits, by halves, the high one first. */
function instructionsOf({ argument, operator, a, b }: Comparison): Part[] {
  const half = (value: bigint, index: 0 | 1): number =>
    Number(BigInt.asUintN(32, index ? value >> 32n : value));
  const load = (index: 0 | 1): Part => ({ instruction: bpf.loadArgument(argument, index) });
  const jump = (instruction: FilterInstruction, whenTrue: Target, whenFalse: Target): Part => ({
    instruction,
    whenTrue,
    whenFalse,
  });
  const equal = (index: 0 | 1, value = a) => bpf.jumpIfEqual(half(value, index), 0, 0);
  const greater = (index: 0 | 1) => bpf.jumpIfGreater(half(a, index), 0, 0);
  const notLess = () => bpf.jumpIfNotLess(half(a, 0), 0, 0);
  /** Decided by the high halves unless they are equal. */
  const ordered = (low: FilterInstruction, above: Target, below: Target): Part[] => [
    load(1),
    jump(greater(1), above, 'next'),
    jump(equal(1), 'next', below),
    load(0),
    jump(low, above, below),
  ];
  switch (operator) {
    case SCMP_CMP.EQ:
      return [load(1), jump(equal(1), 'next', 'fails'), load(0), jump(equal(0), 'holds', 'fails')];
    case SCMP_CMP.NE:
      return [load(1), jump(equal(1), 'next', 'holds'), load(0), jump(equal(0), 'fails', 'holds')];
    case SCMP_CMP.GT:
      return ordered(greater(0), 'holds', 'fails');
    case SCMP_CMP.GE:
      return ordered(notLess(), 'holds', 'fails');
    case SCMP_CMP.LT:
      return ordered(notLess(), 'fails', 'holds');
    case SCMP_CMP.LE:
      return ordered(greater(0), 'fails', 'holds');
    default: {
      const masked = (index: 0 | 1): Part => ({ instruction: bpf.and(half(a, index)) });
      const value = a & b;
      return [
        ...[load(1), masked(1), jump(equal(1, value), 'next', 'fails')],
        ...[load(0), masked(0), jump(equal(0, value), 'holds', 'fails')],
      ];
    }
  }
}
