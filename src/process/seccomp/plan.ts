// Pure.
import { EPERM } from '../../linux/errno.ts';
import { type Comparison, SCMP_CMP } from '../../linux/libseccomp.ts';
import { SECCOMP_FILTER_FLAG, SECCOMP_RET } from '../../linux/seccomp.ts';
import type { Seccomp, SeccompFlag, SeccompOperator } from '../../spec/config.ts';
import type { ExactArgument, ExactSeccomp } from '../../spec/exact.ts';
import { notifies } from '../../spec/query.ts';

type Action = Seccomp['defaultAction'];

const ACTIONS: Readonly<Record<Action, number>> = {
  SCMP_ACT_KILL: SECCOMP_RET.killThread,
  SCMP_ACT_KILL_PROCESS: SECCOMP_RET.killProcess,
  SCMP_ACT_KILL_THREAD: SECCOMP_RET.killThread,
  SCMP_ACT_TRAP: SECCOMP_RET.trap,
  SCMP_ACT_ERRNO: SECCOMP_RET.errno,
  SCMP_ACT_TRACE: SECCOMP_RET.trace,
  SCMP_ACT_ALLOW: SECCOMP_RET.allow,
  SCMP_ACT_LOG: SECCOMP_RET.log,
  SCMP_ACT_NOTIFY: SECCOMP_RET.notify,
};

/** Without effect: all threads of the program come from the one that loads the filter. */
const NO_FLAG = 0;
const FLAGS: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: NO_FLAG,
  SECCOMP_FILTER_FLAG_LOG: SECCOMP_FILTER_FLAG.log,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: SECCOMP_FILTER_FLAG.specAllow,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: SECCOMP_FILTER_FLAG.waitKillableRecv,
};

const MAX_UINT64 = 2n ** 64n - 1n;
/** With more rules than this a search by halves is faster than one by one; runc's number. */
const FEW_RULES = 32;

/** One rule of the filter: all comparisons must hold. */
export interface RulePlan {
  /** Its place in config.json. */
  field: string;
  syscall: string;
  action: number;
  comparisons: readonly Comparison[];
}

/** A profile in the terms of libseccomp. */
export interface SeccompPlan {
  defaultAction: number;
  /** libseccomp's names, besides the one of this machine. */
  architectures: readonly string[];
  rules: readonly RulePlan[];
  /** Every name that the profile knows, whatever it says about it. */
  names: readonly string[];
  sorted: boolean;
}

/** Whether a profile forbids or reports anything. */
export function filters({ defaultAction, syscalls = [] }: ExactSeccomp): boolean {
  return defaultAction !== 'SCMP_ACT_ALLOW' || syscalls.some(({ action }) => action !== 'SCMP_ACT_ALLOW');
}

/** For seccomp(2). As in runc a profile that says nothing gets no mitigation of speculative stores, as Linux 5.16 has it. */
export function flagsOf(seccomp: ExactSeccomp): number {
  const { flags = ['SECCOMP_FILTER_FLAG_SPEC_ALLOW'] } = seccomp;
  const { newListener, waitKillableRecv } = SECCOMP_FILTER_FLAG;
  const asked = flags.reduce((mask, flag) => mask | FLAGS[flag], 0);
  // The kernel takes the one only with the other; without a listener it means nothing.
  return notifies(seccomp) ? asked | newListener : asked & ~waitKillableRecv;
}

/** Everything that a profile can say, sorted; flags with their numbers. */
export const seccompNames = {
  actions: (): Action[] => (Object.keys(ACTIONS) as Action[]).sort(),
  operators: (): SeccompOperator[] =>
    Object.keys(SCMP_CMP)
      .map((name) => `SCMP_CMP_${name}` as SeccompOperator)
      .sort(),
  flags: () => Object.entries(FLAGS) as [SeccompFlag, number][],
  kernelAction: (action: Action): number => ACTIONS[action],
};

function actionOf(action: Action, errnoRet: number | undefined): number {
  return takesErrno(action) ? ACTIONS[action] | (errnoRet ?? EPERM) : ACTIONS[action];
}

function takesErrno(action: Action): boolean {
  return action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
}

/** What a filter answers, in the words of a profile: the opposite of actionOf. */
export function describeAction(number: number): { action: Action; errnoRet?: number } {
  const kind = kindOf(number);
  const names = Object.keys(ACTIONS) as Action[];
  const action = names.findLast((name) => ACTIONS[name] === kind) ?? 'SCMP_ACT_KILL_PROCESS';
  return takesErrno(action) ? { action, errnoRet: number & 0xffff } : { action };
}

/** linux.seccomp as numbers, without the rules that do what happens anyway. */
export function planSeccomp(seccomp: ExactSeccomp): SeccompPlan {
  const { architectures = [], syscalls = [] } = seccomp;
  const defaultAction = actionOf(seccomp.defaultAction, seccomp.defaultErrnoRet);
  const names = syscalls.flatMap((rule) => rule.names);
  const rules = syscalls.flatMap(({ names, action, errnoRet, args = [] }, index) => {
    const field = `linux.seccomp.syscalls[${index}]`;
    const number = actionOf(action, errnoRet);
    // libseccomp refuses rules that change nothing.
    if (number === defaultAction) return [];
    const alternatives = alternativesOf(args);
    return names.flatMap((syscall) =>
      alternatives.map((comparisons) => ({ field, syscall, action: number, comparisons })),
    );
  });
  return {
    defaultAction,
    architectures: architectures.map(libraryName),
    rules,
    names: [...new Set(names)],
    sorted: names.length > FEW_RULES,
  };
}

/** Whether it can let anything be executed: not one that answers execve with an error, or kills, in any case. */
export function letsExecute({ defaultAction, rules }: SeccompPlan): boolean {
  const own = rules.filter(({ syscall }) => syscall === 'execve');
  if (own.some(({ action }) => passes(action))) return true;
  return passes(defaultAction) && own.every(({ comparisons }) => comparisons.length > 0);
}

/** Whether the system call is carried out, or by somebody else's decision. */
export function passes(action: number): boolean {
  const passing: number[] = [SECCOMP_RET.allow, SECCOMP_RET.log, SECCOMP_RET.trace, SECCOMP_RET.notify];
  return passing.includes(kindOf(action));
}

/** An action without its data: SECCOMP_RET_ACTION_FULL. */
export function kindOf(action: number): number {
  return (action & 0xffff0000) >>> 0;
}

/** What libseccomp calls it. */
function libraryName(architecture: string): string {
  return architecture.replace('SCMP_ARCH_', '').toLowerCase();
}

/**
 * The comparisons must all hold, unless two are about the same argument: then any of them suffices. The specification
 * is silent on that; it is what runc does, and profiles rely on it.
 */
function alternativesOf(args: readonly ExactArgument[]): Comparison[][] {
  const comparisons = args.map(comparisonOf);
  const different = new Set(args.map(({ index }) => index)).size === args.length;
  return different ? [comparisons] : comparisons.map((comparison) => [comparison]);
}

function comparisonOf({ index, op, value, valueTwo = 0 }: ExactArgument): Comparison {
  const operator = SCMP_CMP[op.replace('SCMP_CMP_', '') as keyof typeof SCMP_CMP];
  return { argument: index, operator, a: uint64(value), b: uint64(valueTwo) };
}

/** What is greater than an argument can be is as good as the greatest. */
function uint64(value: number | string): bigint {
  const exact = BigInt(value);
  return exact > MAX_UINT64 ? MAX_UINT64 : exact;
}
