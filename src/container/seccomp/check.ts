import { RuntimeError } from '../../errors.ts';
import {
  architectureToken,
  type Comparison,
  libseccompVersion,
  nativeArchitecture,
  numberOn,
  SCMP_CMP,
} from '../../linux/libseccomp.ts';
import { bpf, hasSeccompAction, hasSeccompFlag, SECCOMP_RET, X32_SYSCALL_BIT } from '../../linux/seccomp.ts';
import { syscallNames } from '../../linux/syscall-names.ts';
import { decodeFilter } from '../../process/seccomp/bpf.ts';
import { architecturesOf, auditArchitecture, compileParts } from '../../process/seccomp/compile.ts';
import {
  describeAction,
  filters,
  planSeccomp,
  type SeccompPlan,
  seccompNames,
} from '../../process/seccomp/plan.ts';
import {
  type AskedFilter,
  answerOf,
  type Call,
  differs,
  evasion,
  type Treatment,
  treatmentOf,
} from '../../process/seccomp/treatment.ts';
import { NARROW_ARGUMENTS, surprises } from './findings.ts';
import { readSeccompProfile, type SeccompProfile } from './profile.ts';
import type { CallReport, CheckReport, Condition, Difference } from './report.ts';

/** The ABIs of this machine, by libseccomp's names. */
const ABIS: readonly string[] = process.arch === 'arm64' ? ['aarch64', 'arm'] : ['x86_64', 'x86', 'x32'];

/** libseccomp's number of a system call that it has never heard of. */
const UNKNOWN = -1;
const NO_FILTER = [bpf.return(SECCOMP_RET.allow)];

interface Abi {
  name: string;
  /** As the kernel names it, and the first of its numbers. */
  audit: number;
  names: ReadonlyMap<number, string>;
}

/** A profile that was compiled, and what it does to every system call that libseccomp knows. */
interface Checked {
  profile: SeccompProfile;
  filter: AskedFilter;
  abis: Abi[];
  calls: { name: string; abi: Abi; call: Call; treatment: Treatment }[];
}

/** What a profile does: to every system call, or to those of these names (or numbers) only. */
export function checkSeccomp(path: string, added: readonly string[], asked?: readonly string[]): CheckReport {
  const checked = examine(readSeccompProfile(path, added));
  const { profile, filter, abis, calls } = checked;
  const chosen = asked === undefined ? calls : asked.flatMap((name) => callsOf(checked, name));
  const syscalls = chosen.map((each) => reportOf(profile, each));
  const report: Omit<CheckReport, 'findings'> = {
    file: profile.file,
    format: profile.format,
    capabilities: profile.capabilities,
    defaultAction: describeAction(filter.plan.defaultAction),
    architectures: abis.map(({ name }) => name),
    others: ABIS.filter((name) => !abis.some((abi) => abi.name === name)).map((name) => ({
      architecture: name,
      ...describeAction(answerOf(filter.whole, firstCall(name))),
    })),
    flags: profile.seccomp.flags ?? [],
    libseccomp: libseccompVersion(),
    instructions: filter.whole.length,
    syscalls,
  };
  return {
    ...report,
    findings: asked === undefined ? [...defects(profile), ...evasions(checked), ...surprises(report)] : [],
  };
}

/** What of a profile has no effect here, or none at all, and what this kernel cannot do. */
function defects({ seccomp, misplaced }: SeccompProfile): string[] {
  const { syscalls = [], flags = [], defaultAction } = seccomp;
  const found: string[] = [];
  if (misplaced)
    found.push(
      'includes, excludes, archMap and the like: no runtime heeds them in config.json, engines translate them',
    );
  if (!filters(seccomp)) found.push('nothing is forbidden: no filter is loaded');
  const native = nativeArchitecture();
  const names = [...new Set(syscalls.flatMap(({ names }) => names))];
  const unknown = names.filter((name) => numberOn(native, name) === UNKNOWN);
  if (unknown.length > 0)
    found.push(
      `unknown to libseccomp ${libseccompVersion()}, rules about them are left out: ${unknown.join(', ')}`,
    );
  const known = new Map(seccompNames.flags());
  for (const flag of flags)
    if (!hasSeccompFlag(known.get(flag) ?? 0)) found.push(`${flag}: this kernel does not know it`);
  for (const action of new Set([defaultAction, ...syscalls.map(({ action }) => action)]))
    if (!hasSeccompAction(seccompNames.kernelAction(action)))
      found.push(`${action}: this kernel does not know it`);
  return found;
}

function evasions({ filter, calls }: Checked): string[] {
  return calls.flatMap(({ name, abi, call, treatment }) =>
    (NARROW_ARGUMENTS[name] ?? []).flatMap((argument) => {
      const value = evasion(filter, treatment, call, argument)?.[argument];
      if (value === undefined) return [];
      return [
        `${name}: argument ${argument} has 32 bits for the kernel, and 0x${value.toString(16)} gets past the rules; ` +
          `SCMP_CMP_MASKED_EQ looks at some bits only (${abi.name})`,
      ];
    }),
  );
}

/** The system calls that two profiles treat differently, by what the compiled filters answer. */
export function compareSeccomp(paths: readonly [string, string], added: readonly string[]): Difference[] {
  const [a, b] = paths.map((path) => examine(readSeccompProfile(path, added))) as [Checked, Checked];
  const names = [...new Set([...a.abis, ...b.abis].map(({ name }) => name))];
  return names.flatMap((architecture) => {
    const abi = abiOf(architecture);
    return [...abi.names].flatMap(([number, name]) => {
      const call = { architecture: abi.audit, number };
      const treatments = [treatmentOf(a.filter, name, call), treatmentOf(b.filter, name, call)] as const;
      if (!differs([a.filter, b.filter], treatments, call)) return [];
      const [before, after] = [a, b].map(({ profile }, index) =>
        reportOf(profile, { name, abi, call, treatment: treatments[index] as Treatment }),
      ) as [CallReport, CallReport];
      return [{ name, architecture, before, after }];
    });
  });
}

function examine(profile: SeccompProfile): Checked {
  const plan = planSeccomp(profile.seccomp);
  const filter = filters(profile.seccomp) ? compiled(plan) : { plan, stub: [], whole: NO_FILTER };
  const ours = architecturesOf(plan).map(({ name }) => name);
  const abis = ABIS.filter((name) => ours.includes(name)).map(abiOf);
  const calls = abis.flatMap((abi) =>
    [...abi.names].map(([number, name]) => {
      const call = { architecture: abi.audit, number };
      return { name, abi, call, treatment: treatmentOf(filter, name, call) };
    }),
  );
  return { profile, filter, abis, calls };
}

function compiled(plan: SeccompPlan): AskedFilter {
  const { stub, rest } = compileParts(plan);
  return { plan, stub, whole: [...stub, ...decodeFilter(rest)] };
}

function abiOf(name: string): Abi {
  const token = architectureToken(name);
  const audit = auditArchitecture({ name, token });
  return { name, audit, names: syscallNames(token, name === 'x32' ? X32_SYSCALL_BIT : 0) };
}

function firstCall(name: string): Call {
  const audit = auditArchitecture({ name, token: architectureToken(name) });
  return { architecture: audit, number: name === 'x32' ? X32_SYSCALL_BIT : 0 };
}

function callsOf({ calls, abis, filter }: Checked, asked: string): Checked['calls'] {
  if (/^\d+$/.test(asked)) {
    return abis.map((abi) => {
      const number = Number(asked) + (abi.name === 'x32' ? X32_SYSCALL_BIT : 0);
      const name = abi.names.get(number) ?? asked;
      const call = { architecture: abi.audit, number };
      return { name, abi, call, treatment: treatmentOf(filter, name, call) };
    });
  }
  const found = calls.filter(({ name }) => name === asked);
  if (found.length > 0) return found;
  throw new RuntimeError(
    `libseccomp ${libseccompVersion()} knows no system call ${JSON.stringify(asked)} of ${abis.map(({ name }) => name).join(', ')}`,
    { code: 'SECCOMP_INVALID', hint: 'rules about it are left out; a number can be asked for instead' },
  );
}

function reportOf(
  profile: SeccompProfile,
  { name, abi, call, treatment }: Checked['calls'][number],
): CallReport {
  const { rules, otherwise, newer, idle, exceptions } = treatment;
  const place = (field: string): string => {
    const [, index = 0] = /\[(\d+)\]$/.exec(field) ?? [];
    return profile.places[Number(index)] ?? field;
  };
  const isDefault = otherwise === planSeccomp(profile.seccomp).defaultAction;
  return {
    name,
    architecture: abi.name,
    number: call.number,
    rules: rules.map(({ action, comparisons, field }) => ({
      ...describeAction(action),
      args: comparisons.map(conditionOf),
      place: place(field),
    })),
    otherwise: {
      ...describeAction(otherwise),
      reason: newer ? 'newer' : isDefault ? 'default' : 'rule',
    },
    idle: idle
      .filter(({ action }) => rules.every((rule) => rule.action !== action))
      .map(({ field }) => place(field)),
    exceptions: exceptions.map(({ args, answer }) => ({ ...describeAction(answer), args: [...args] })),
  };
}

function conditionOf({ argument, operator, a, b }: Comparison): Condition {
  const name = Object.entries(SCMP_CMP).find(([, number]) => number === operator)?.[0];
  const condition = { index: argument, op: `SCMP_CMP_${name}`, value: a };
  return operator === SCMP_CMP.MASKED_EQ ? { ...condition, valueTwo: b } : condition;
}
