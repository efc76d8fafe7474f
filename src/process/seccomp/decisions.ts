// Pure.
import { type Comparison, SCMP_CMP } from '../../linux/libseccomp.ts';
import type { RulePlan } from './plan.ts';

/** A system call's arguments, and what the filter answers to them. */
export interface Sample {
  args: readonly bigint[];
  answer: number;
}

/** What a filter does to one system call, in the words of its profile: the first rule that holds decides. */
export interface Decisions {
  rules: readonly RulePlan[];
  /** What it answers when none of them holds. */
  otherwise: number;
  /** Where that is not the whole truth. */
  exceptions: readonly Sample[];
  /** Rules that never decide, since others do whenever they hold. */
  idle: readonly RulePlan[];
}

const MAX_UINT64 = 2n ** 64n - 1n;
const ARGUMENTS = 6;

/**
 * The rules of one system call in the order in which the compiled filter is seen to heed them: libseccomp does not keep the
 * profile's. `samples` are answers of the filter; there has to be one at least.
 */
export function decisionsFrom(
  rules: readonly RulePlan[],
  samples: readonly Sample[],
  defaultAction: number,
): Decisions {
  const ordered: RulePlan[] = [];
  let rest = samples;
  let waiting = rules;
  for (;;) {
    const decides = (rule: RulePlan): boolean => {
      const own = rest.filter(({ args }) => holds(rule, args));
      return own.length > 0 && own.every(({ answer }) => answer === rule.action);
    };
    const next = waiting.find(decides);
    if (next === undefined) break;
    ordered.push(next);
    waiting = waiting.filter((rule) => rule !== next);
    rest = rest.filter(({ args }) => !holds(next, args));
  }
  const otherwise = rest.length > 0 ? commonest(rest.map(({ answer }) => answer)) : defaultAction;
  return {
    rules: ordered,
    otherwise,
    exceptions: rest.filter(({ answer }) => answer !== otherwise),
    idle: waiting,
  };
}

function commonest(answers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}

/** Whether all comparisons of a rule hold for these arguments. */
export function holds({ comparisons }: RulePlan, args: readonly bigint[]): boolean {
  return comparisons.every(({ argument, operator, a, b }) => {
    const value = args[argument] ?? 0n;
    switch (operator) {
      case SCMP_CMP.NE:
        return value !== a;
      case SCMP_CMP.LT:
        return value < a;
      case SCMP_CMP.LE:
        return value <= a;
      case SCMP_CMP.EQ:
        return value === a;
      case SCMP_CMP.GE:
        return value >= a;
      case SCMP_CMP.GT:
        return value > a;
      default:
        // Bits outside of the mask are none of its business, says libseccomp.
        return (value & a) === (b & a);
    }
  });
}

/** Arguments with which each rule holds, and arguments with which it only just does not. */
export function argumentsAround(rules: readonly RulePlan[]): bigint[][] {
  const compared = rules.flatMap(({ comparisons }) => comparisons);
  return rules.flatMap(({ comparisons }) => {
    const plain = Array.from({ length: ARGUMENTS }, () => 0n);
    const fitting = comparisons.reduce(
      (args, comparison) => args.with(comparison.argument, inside(comparison)),
      plain,
    );
    const others = compared.flatMap((comparison) =>
      around(comparison).map((value) => fitting.with(comparison.argument, value)),
    );
    return [fitting, ...others];
  });
}

/** A value with which it holds. */
function inside({ operator, a, b }: Comparison): bigint {
  if (operator === SCMP_CMP.NE || operator === SCMP_CMP.GT) return BigInt.asUintN(64, a + 1n);
  if (operator === SCMP_CMP.LT) return a > 0n ? a - 1n : 0n;
  return operator === SCMP_CMP.MASKED_EQ ? b & a : a;
}

/** Values on both sides of a comparison, in each half of 32 bits. */
function around({ a, b }: Comparison): bigint[] {
  const steps = [0n, 1n, -1n, 1n << 32n, -(1n << 32n)];
  const near = [a, b].flatMap((value) => steps.map((by) => BigInt.asUintN(64, value + by)));
  return [...new Set([...near, b | (MAX_UINT64 ^ a), 0n, MAX_UINT64])];
}
