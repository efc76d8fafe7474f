// Pure.
import { type FilterInstruction, X32_SYSCALL_BIT } from '../../linux/seccomp.ts';
import { runFilter, type SystemCall } from './bpf.ts';
import { argumentsAround, type Decisions, decisionsFrom } from './decisions.ts';
import { pathsThrough } from './paths.ts';
import { passes, type SeccompPlan } from './plan.ts';

/** A compiled profile that can be asked. */
export interface AskedFilter {
  plan: SeccompPlan;
  /** What stands in front and says ENOSYS; the whole. */
  stub: readonly FilterInstruction[];
  whole: readonly FilterInstruction[];
}

/** What a filter does to one system call, whatever its arguments are. */
export interface Treatment extends Decisions {
  /** Whether it is newer than all that the profile names, and does not exist therefore. */
  newer: boolean;
  /** Arguments that go each way through the filter. */
  probes: readonly (readonly bigint[])[];
}

export type Call = Omit<SystemCall, 'args'>;

/**
 * What a filter does to the system call `name`: found by asking the compiled program, for every way through it and around
 * every number in the profile's rules, and said in the words of these rules.
 */
export function treatmentOf({ plan, stub, whole }: AskedFilter, name: string, call: Call): Treatment {
  const rules = plan.rules.filter(({ syscall }) => syscall === name);
  const around = argumentsAround(rules).map((args) => (isNarrow(call) ? args.map(lowHalf) : args));
  const probes = [...pathsThrough(whole, call).map(({ args }) => args), ...around];
  const newer = runFilter(stub, call) !== 'next';
  const samples = probes.map((args) => ({ args, answer: answerOf(whole, { ...call, args }) }));
  const decisions = decisionsFrom(newer ? [] : rules, samples, plan.defaultAction);
  return { ...decisions, newer, probes };
}

/** AUDIT_ARCH_* of what has arguments of 64 bits: __AUDIT_ARCH_64BIT in include/uapi/linux/audit.h. */
const WIDE = 0x80000000;

/** Whether libseccomp takes its arguments to be of 32 bits. */
function isNarrow({ architecture, number }: Call): boolean {
  return (architecture & WIDE) === 0 || (number & X32_SYSCALL_BIT) !== 0;
}

const lowHalf = (value: bigint): bigint => BigInt.asUintN(32, value);

/**
 * Arguments that get past the rules with one bit in the high half of number `argument`, at which the kernel does not look, and
 * are refused without it.
 */
export function evasion(
  { whole }: AskedFilter,
  { probes }: Treatment,
  call: Call,
  argument: number,
): readonly bigint[] | undefined {
  if (isNarrow(call)) return undefined;
  const isPassed = (args: readonly bigint[]): boolean => passes(answerOf(whole, { ...call, args }));
  return probes
    .map((probe) => probe.with(argument, lowHalf(probe[argument] ?? 0n)))
    .filter((args) => !isPassed(args))
    .map((args) => args.with(argument, (args[argument] ?? 0n) | (1n << 32n)))
    .find(isPassed);
}

/** What a whole filter answers. */
export function answerOf(whole: readonly FilterInstruction[], call: SystemCall): number {
  const answer = runFilter(whole, call);
  if (answer === 'next') throw new Error('the filter has no end');
  return answer;
}

/** Whether two filters answer differently to some arguments. */
export function differs(
  filters: readonly [AskedFilter, AskedFilter],
  treatments: readonly [Treatment, Treatment],
  call: Call,
): boolean {
  const [a, b] = filters;
  const probes = treatments.flatMap((treatment) => treatment.probes);
  return probes.some((args) => answerOf(a.whole, { ...call, args }) !== answerOf(b.whole, { ...call, args }));
}
