// Runs on the host.
import { RuntimeError, within } from '../../errors.ts';
import {
  architectureToken,
  libseccompVersion,
  nativeArchitecture,
  numberOn,
  SeccompFilter,
} from '../../linux/libseccomp.ts';
import {
  AUDIT_ARCH_X86_64,
  encodeFilter,
  type FilterInstruction,
  INSTRUCTION_SIZE,
  MAX_INSTRUCTIONS,
} from '../../linux/seccomp.ts';
import { log } from '../../log.ts';
import { type ComparedCall, compareFilter, type Division, divide } from './compare.ts';
import { enosysStub, type LastSyscall, needsEnosys } from './enosys.ts';
import { letsExecute, passes, type RulePlan, type SeccompPlan } from './plan.ts';

const FIELD = 'linux.seccomp';

/** What stands in front of libseccomp's program, and that program. */
export interface CompiledParts {
  /** Says ENOSYS; goes on to what follows where it does not. */
  stub: readonly FilterInstruction[];
  /** As the kernel takes it. */
  rest: Uint8Array;
}

/** Makes a BPF program of a profile; returns its bytes. */
export function compileSeccomp(plan: SeccompPlan): Uint8Array {
  const { stub, rest } = compileParts(plan);
  return join(encodeFilter(stub), rest);
}

/** As compileSeccomp, in parts. */
export function compileParts(plan: SeccompPlan): CompiledParts {
  if (!letsExecute(plan)) {
    const hint = 'add a rule that allows execve';
    throw new RuntimeError(`${FIELD}: lets no program start`, { ...details(FIELD), hint });
  }
  const architectures = architecturesOf(plan);
  const division = divide(plan.rules);
  const stub = needsEnosys(plan.defaultAction) ? enosysStub(lastSyscalls(plan, architectures)) : [];
  const calls = comparedCalls(division, architectures);
  const compared = compareFilter(calls, plan.defaultAction);
  const rest = join(encodeFilter(compared), byLibseccomp(plan, division, architectures));
  const count = stub.length + rest.length / INSTRUCTION_SIZE;
  if (count <= MAX_INSTRUCTIONS) return { stub, rest };
  throw new RuntimeError(`${FIELD}: has ${count} BPF instructions, the kernel takes ${MAX_INSTRUCTIONS}`, {
    ...details(FIELD),
    hint: 'leave out rules or architectures',
  });
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function byLibseccomp(
  plan: SeccompPlan,
  { theirs, ours }: Division,
  architectures: readonly Architecture[],
): Uint8Array {
  const field = `${FIELD}.defaultAction`;
  using filter = within(field, () => new SeccompFilter(plan.defaultAction), details(field));
  for (const name of plan.architectures) addArchitecture(filter, name);
  if (plan.sorted && !filter.sort()) log.debug(`${FIELD}: libseccomp is too old for a fast filter`);
  for (const { field, syscall, action, comparisons } of [
    ...theirs,
    ...forSubcalls(plan, ours, architectures),
  ]) {
    const add = (): boolean => filter.addRule(syscall, action, comparisons);
    const known = within(`${field}: ${syscall}`, add, details(field));
    if (!known) leftOut(field, syscall);
  }
  return within(FIELD, () => filter.compile(), details(FIELD));
}

const details = (field: string) => ({ code: 'SECCOMP_INVALID', field }) as const;

function addArchitecture(filter: SeccompFilter, name: string): void {
  const field = `${FIELD}.architectures`;
  const token = architectureToken(name);
  if (token === 0)
    throw new RuntimeError(
      `${field}: libseccomp ${libseccompVersion()} does not know ${name}`,
      details(field),
    );
  within(`${field}: add ${name}`, () => filter.addArchitecture(token), details(field));
}

interface Architecture {
  /** libseccomp's name and token. */
  name: string;
  token: number;
}

/** The native architecture counts even if the profile does not name it. */
export function architecturesOf({ architectures }: Pick<SeccompPlan, 'architectures'>): Architecture[] {
  const native = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return [...new Set([native, ...architectures])].map((name) => ({
    name,
    token: name === native ? nativeArchitecture() : architectureToken(name),
  }));
}

/** What the kernel calls the architecture: x32 has the numbers of its own only. */
export function auditArchitecture({ name, token }: Architecture): number {
  return name === 'x32' ? AUDIT_ARCH_X86_64 : token;
}

function lastSyscalls({ names }: SeccompPlan, architectures: readonly Architecture[]): LastSyscall[] {
  return architectures.flatMap(({ name, token }) => {
    const number = Math.max(...names.map((syscall) => numberOn(token, syscall)), 0);
    return number > 0 ? [{ name, token, number }] : [];
  });
}

function comparedCalls({ ours }: Division, architectures: readonly Architecture[]): ComparedCall[] {
  return [...ours].flatMap(([syscall, rules]) => {
    const numbers = architectures.map(({ token }) => numberOn(token, syscall));
    if (numbers.every((number) => number === UNKNOWN)) leftOut(rules[0]?.field ?? '', syscall);
    return architectures.flatMap((architecture, index) => {
      const number = numbers[index] ?? UNKNOWN;
      return number < 0 ? [] : [{ token: auditArchitecture(architecture), number, rules }];
    });
  });
}

function leftOut(field: string, syscall: string): void {
  log.debug(`${field}: unknown system call ${JSON.stringify(syscall)}, left out`);
}

/** libseccomp's number of a system call that it has never heard of. */
const UNKNOWN = -1;
/** Where libseccomp has its own negative numbers for subcalls of socketcall(2) and ipc(2). */
const isSubcall = (number: number): boolean => number <= -100 && number > -300;

/**
 * No filter sees the arguments of a subcall: where the rules are of ours, it is forbidden whatever it is asked for, and so is
 * the same call by the number that it may have besides.
 */
function forSubcalls(
  { defaultAction }: SeccompPlan,
  ours: Division['ours'],
  architectures: readonly Architecture[],
): RulePlan[] {
  if (!passes(defaultAction)) return [];
  return [...ours].flatMap(([syscall, rules]) => {
    const isOne = architectures.some(({ token }) => isSubcall(numberOn(token, syscall)));
    const strict = rules.find(({ action }) => !passes(action)) ?? rules[0];
    return isOne && strict ? [{ ...strict, comparisons: [] }] : [];
  });
}
