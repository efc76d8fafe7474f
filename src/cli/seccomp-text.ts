import {
  type Answer,
  type CallReport,
  type CheckReport,
  type Condition,
  type Difference,
  isDecided,
} from '../container/seccomp/report.ts';
import { errnoName } from '../linux/errno-name.ts';
import { X32_SYSCALL_BIT } from '../linux/seccomp.ts';

/** What `seccomp check` prints for people. */

const WIDTH = 100;

/** All of a profile. */
export function describeProfile(report: CheckReport): string {
  const { architectures, others, syscalls, flags, libseccomp, instructions, findings, capabilities } = report;
  const [native = ''] = architectures;
  const own = syscalls.filter(({ architecture }) => architecture === native);
  const lines = [
    `profile: ${report.file}${FORMATS[report.format]}`,
    ...(capabilities === undefined
      ? []
      : [
          wrap(
            'read for a container with: ',
            capabilities.map((name) => name.replace('CAP_', '')),
          ),
        ]),
    `default: ${words(report.defaultAction)}`,
    `architectures: ${architectures.join(', ')}`,
    ...others.map((other) => `  all calls of ${other.architecture}: ${words(other)}`),
    ...(flags.length === 0 ? [] : [`flags: ${flags.join(', ')}`]),
    `size: ${instructions} instructions of BPF, the kernel takes 4096`,
    `system calls of ${native}, as far as libseccomp ${libseccomp} knows them:`,
    ...counts(own),
  ];
  const depends = own.filter(
    (call) => !isDecided(call.rules) && call.rules.length + call.exceptions.length > 0,
  );
  if (depends.length > 0)
    lines.push(
      'that depend on their arguments:',
      ...depends.flatMap((call) => describeGroup([call]).map((line) => `  ${line}`)),
    );
  if (findings.length > 0) lines.push('notable:', ...findings.map((finding) => `  ${finding}`));
  return `${lines.join('\n')}\n`;
}

const FORMATS = { 'config.json': '', profile: '', engine: ' (for Docker or Podman)' } as const;

function counts(calls: readonly CallReport[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const call of calls) {
    const kind = kindOf(call);
    kinds.set(kind, [...(kinds.get(kind) ?? []), call.name]);
  }
  return [...kinds]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([kind, names]) =>
      names.length > MANY ? `  ${kind}: ${names.length}` : wrap(`  ${kind}: ${names.length}: `, names),
    );
}

/** So many names are no help. */
const MANY = 150;

function kindOf({ rules, otherwise, exceptions }: CallReport): string {
  const [first] = rules;
  if (first && isDecided([first])) return words(first);
  if (rules.length + exceptions.length > 0) return 'it depends';
  return otherwise.reason === 'newer'
    ? `${words(otherwise)}, newer than all in the profile`
    : words(otherwise);
}

/** Names on as many lines as they need. */
function wrap(heading: string, names: readonly string[]): string {
  const lines = [heading];
  for (const [index, name] of names.entries()) {
    const text = index < names.length - 1 ? `${name}, ` : name;
    if ((lines.at(-1) as string).length + text.length > WIDTH) lines.push('    ');
    lines.push(lines.pop() + text);
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Some system calls, those of one meaning together. */
export function describeCalls(calls: readonly CallReport[]): string {
  const groups = new Map<string, CallReport[]>();
  for (const call of calls) {
    const text = `${call.name}\n${decisions(call).join('\n')}`;
    groups.set(text, [...(groups.get(text) ?? []), call]);
  }
  return [...groups.values()].map((group) => `${describeGroup(group).join('\n')}\n`).join('');
}

/** Calls that differ in their numbers only. */
function describeGroup(calls: readonly CallReport[]): string[] {
  const [first] = calls as [CallReport];
  const where = calls.map(({ architecture, number }) => `${architecture} ${number & ~X32_SYSCALL_BIT}`);
  return [`${first.name} (${where.join(', ')})`, ...decisions(first)];
}

/** A line for each rule that decides, in their order, and one for what is left. */
function decisions({ rules, otherwise, exceptions, idle }: CallReport): string[] {
  const lines = rules.map((rule) => `  ${words(rule)}${condition(rule.args)}    (${rule.place})`);
  if (!isDecided(rules)) {
    const only = lines.length > 0 ? ' otherwise' : '';
    lines.push(`  ${words(otherwise)}${only}    (${REASONS[otherwise.reason]})`);
  }
  for (const { args, ...answer } of exceptions)
    lines.push(`  ${words(answer)} for arguments such as ${args.map(number).join(', ')}    (as compiled)`);
  if (idle.length > 0) lines.push(`  never decided by ${idle.join(', ')}`);
  return lines;
}

const REASONS = {
  default: 'defaultAction',
  newer: 'newer than all in the profile: does not exist',
  rule: 'as compiled',
} as const;

/** Such as `errno EPERM (1)`. */
function words({ action, errnoRet }: Answer): string {
  const name = action.replace('SCMP_ACT_', '').toLowerCase().replace('_', ' ');
  if (errnoRet === undefined) return name;
  const errno = errnoName(errnoRet);
  return errno === undefined || action !== 'SCMP_ACT_ERRNO'
    ? `${name} ${errnoRet}`
    : `${name} ${errno} (${errnoRet})`;
}

const OPERATORS: Readonly<Record<string, string>> = {
  NE: '!=',
  LT: '<',
  LE: '<=',
  EQ: '==',
  GE: '>=',
  GT: '>',
};

function condition(args: readonly Condition[]): string {
  if (args.length === 0) return '';
  const texts = args.map(({ index, op, value, valueTwo = 0n }) => {
    const operator = OPERATORS[op.replace('SCMP_CMP_', '')];
    if (operator !== undefined) return `arg ${index} ${operator} ${number(value)}`;
    return `arg ${index} & 0x${value.toString(16)} == ${valueTwo === 0n ? '0' : `0x${valueTwo.toString(16)}`}`;
  });
  return ` if ${texts.join(' and ')}`;
}

const SMALL = 65536n;
const number = (value: bigint): string => (value < SMALL ? String(value) : `0x${value.toString(16)}`);

/** What differs between two profiles. */
export function describeDifferences(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'no system call is treated differently\n';
  const groups = new Map<string, string[]>();
  for (const { name, architecture, before, after } of differences) {
    const text = `${name}: ${short(before)} → ${short(after)}`;
    groups.set(text, [...(groups.get(text) ?? []), architecture]);
  }
  return [...groups].map(([text, architectures]) => `${text}  (${architectures.join(', ')})\n`).join('');
}

function short({ rules, otherwise }: CallReport): string {
  const parts = rules.map((rule) => `${words(rule)}${condition(rule.args)}`);
  if (!isDecided(rules)) parts.push(`${words(otherwise)}${parts.length > 0 ? ' otherwise' : ''}`);
  return parts.join(', ');
}
