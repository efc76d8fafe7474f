// What `seccomp check` says of profiles, against what the kernel does with them: a program inside makes every system call.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Seccomp, SeccompArgument } from '../../src/spec/config.ts';
import { makeBundle, readConfig, writeConfig } from '../helpers/bundle.ts';
import { pick, type Random, seeded } from '../helpers/mutate.ts';
import { type Call, type Outcome, outcomes, putProbe } from '../helpers/probe.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import { nothingLeft, refused, run, succeed } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');
// runc and crun have no such command.
const ours = only('trunc');
const onX86 = only('trunc', 'x86-64');

type Rule = NonNullable<Seccomp['syscalls']>[number];
interface Answer {
  action: string;
  errnoRet?: number;
}
interface CallReport {
  name: string;
  architecture: 'x86_64' | 'x86' | 'x32';
  number: number;
  rules: (Answer & {
    args: { index: number; op: string; value: number; valueTwo?: number }[];
    place: string;
  })[];
  otherwise: Answer & { reason: string };
  exceptions: unknown[];
}

const DOCKER = join(import.meta.dirname, '../fixtures/docker-seccomp.json');
const NEEDED =
  'execve vfork wait4 write exit_group arch_prctl close fcntl futex read rt_sigreturn mmap munmap mprotect brk'.split(
    ' ',
  );

function profileFile(profile: unknown): string {
  const file = join(temp, `${newId()}.json`);
  writeFileSync(file, typeof profile === 'string' ? profile : JSON.stringify(profile));
  return file;
}
const check = (...args: string[]): string => succeed(['seccomp', 'check', ...args]).stdout;
const report = (
  ...args: string[]
): { syscalls: CallReport[]; findings: string[] } & Record<string, unknown> =>
  JSON.parse(check('--format', 'json', ...args));

/** Whether what came of a call is what the report says. */
function agrees(
  { rules, otherwise }: CallReport,
  args: readonly bigint[],
  { result, signal }: Outcome,
): boolean {
  const compare = (value: bigint, op: string, a: bigint, b: bigint): boolean => {
    if (op === 'SCMP_CMP_NE') return value !== a;
    if (op === 'SCMP_CMP_LT') return value < a;
    if (op === 'SCMP_CMP_LE') return value <= a;
    if (op === 'SCMP_CMP_EQ') return value === a;
    if (op === 'SCMP_CMP_GE') return value >= a;
    if (op === 'SCMP_CMP_GT') return value > a;
    return (value & a) === (a & b);
  };
  const rule = rules.find((each) =>
    each.args.every(({ index, op, value, valueTwo = 0 }) =>
      compare(args[index] ?? 0n, op, BigInt(value), BigInt(valueTwo)),
    ),
  );
  const { action, errnoRet = 0 } = rule ?? otherwise;
  if (action === 'SCMP_ACT_ERRNO') return result === -errnoRet;
  if (action === 'SCMP_ACT_TRACE') return result === -38;
  if (/KILL|TRAP/.test(action)) return signal === 31;
  return signal !== 31 && !((result ?? 0) <= -200 && (result ?? 0) > -4096);
}

const X32 = 2 ** 30;
// They wait, or take long: pause, sync; and sigsuspend of 32-bit programs.
const SKIPPED: Record<string, number[]> = {
  x86_64: [34, 162],
  x86: [29, 36, 72],
  x32: [X32 + 34, X32 + 162],
};
const VALUES = [0, 1, 2, 8, 40, 0x7fffffff, 0xffffffff, 2 ** 32, 2 ** 32 + 8, 2 ** 40 + 1];
/** Harmless with any arguments. */
const COMPARED = ['dup', 'getpgid', 'getpriority', 'getsid', 'sched_getscheduler', 'umask'];
const compared = VALUES.flatMap((a) => [0, 8, 2 ** 33].map((b) => [a, b, a]));

/** Calls of which the kernel was seen to make something else than the report. */
function differences(profile: Seccomp): string[] {
  const bundle = makeBundle();
  const config = readConfig(bundle);
  config.process.args = ['/probe'];
  config.process.noNewPrivileges = true;
  config.linux.seccomp = profile;
  writeConfig(bundle, config);
  const { syscalls } = report(bundle);
  const calls = syscalls
    .filter(({ architecture, number }) => !SKIPPED[architecture]?.includes(number))
    .flatMap((call) => {
      const narrow = call.architecture !== 'x86_64';
      const all = narrow ? [0xffffffff, 0xffffffff, 0xffffffff] : [-1, -1, -1, -1, -1, -1];
      const own = COMPARED.includes(call.name) && !narrow ? compared : [all];
      return own.map((args) => ({ call, args }));
    });
  const made: Call[] = calls.map(({ call: { architecture, number }, args }) => ({
    how: architecture === 'x86' ? 'int80' : 'syscall',
    number,
    args,
  }));
  putProbe(bundle, made);
  const found = outcomes((fd) => {
    const { status, stderr } = run(['run', '--preserve-fds', '1', newId()], { bundle, fds: [fd] });
    if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
  });
  if (found === undefined) throw new Error('the probe has written nothing');
  return calls.flatMap(({ call, args }, index) => {
    const outcome = found[index] as Outcome;
    const values = args.map((value) => BigInt.asUintN(64, BigInt(value)));
    if (agrees(call, values, outcome)) return [];
    return [`${call.name} (${call.architecture} ${call.number}) ${args}: ${JSON.stringify(outcome)}`];
  });
}

t.test("Docker's profile: every system call", onX86, async (t) => {
  t.same(differences(JSON.parse(readFileSync(DOCKER, 'utf8'))), []);
});

const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const ACTIONS = ['ERRNO', 'ERRNO', 'ERRNO', 'ALLOW', 'KILL_PROCESS', 'KILL', 'TRAP', 'TRACE', 'LOG'];

function randomRule(random: Random): Rule {
  const action = `SCMP_ACT_${pick(random, ACTIONS)}` as Rule['action'];
  const takes = action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
  const argument = (): SeccompArgument => ({
    index: Math.floor(random() * 3),
    value: pick(random, VALUES),
    valueTwo: pick(random, VALUES),
    op: `SCMP_CMP_${pick(random, OPERATORS)}` as SeccompArgument['op'],
  });
  return {
    names: [pick(random, COMPARED)],
    action,
    ...(takes ? { errnoRet: 200 + Math.floor(random() * 100) } : {}),
    ...(random() < 0.9 ? { args: Array.from({ length: 1 + Math.floor(random() * 3) }, argument) } : {}),
  };
}

t.test('random profiles: every system call', onX86, async (t) => {
  const random = seeded(11);
  for (let round = 0; round < 4; round += 1) {
    const rules = Array.from({ length: 1 + Math.floor(random() * 25) }, () => randomRule(random));
    const profile: Seccomp = {
      ...pick(random, [
        { defaultAction: 'SCMP_ACT_ALLOW' },
        { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 500 },
        { defaultAction: 'SCMP_ACT_KILL_PROCESS' },
      ] as const),
      architectures:
        round % 2 === 0 ? ['SCMP_ARCH_X86_64'] : ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
      syscalls: [{ names: [...NEEDED, 'statx'], action: 'SCMP_ACT_ALLOW' }, ...rules],
    };
    t.same(differences(profile), [], JSON.stringify(rules));
  }
});

t.test('what is said, in words', onX86, async (t) => {
  const file = profileFile({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['chmod', 'nosuch'], action: 'SCMP_ACT_ERRNO' },
      {
        names: ['ioctl'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 25,
        args: [
          { index: 1, op: 'SCMP_CMP_EQ', value: 0x5412 },
          { index: 2, op: 'SCMP_CMP_MASKED_EQ', value: 0x7e020000, valueTwo: 0x20000 },
        ],
      },
    ],
  });
  t.equal(
    check('--syscall', 'ioctl,chmod', file),
    'ioctl (x86_64 16)\n' +
      '  errno ENOTTY (25) if arg 1 == 21522 and arg 2 & 0x7e020000 == 0x20000    (syscalls[1])\n' +
      '  allow otherwise    (defaultAction)\n' +
      'chmod (x86_64 90)\n  errno EPERM (1)    (syscalls[0])\n',
  );
  t.equal(check('-s', '999', file), '999 (x86_64 999)\n  allow    (defaultAction)\n', 'by number');
  const text = check(file);
  t.match(text, /^default: allow\narchitectures: x86_64\n {2}all calls of x86: kill thread\n/m);
  t.match(text, /^ {2}errno EPERM \(1\): 1: chmod$/m);
  t.match(text, /unknown to libseccomp [\d.]+, rules about them are left out: nosuch/);
  t.match(text, /chmod: restricted, but not fchmodat, fchmodat2, which can do the same/);
  t.match(text, /ioctl: argument 1 has 32 bits for the kernel, and 0x100005412 gets past the rules/);
  refused(t, run(['seccomp', 'check', '-s', 'nosuch', file]), /libseccomp .* knows no system call "nosuch"/);
});

t.test('and that value does get past the rules', onX86, async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/probe'];
    const args = [{ index: 0, op: 'SCMP_CMP_NE' as const, value: 8 }];
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 300,
      syscalls: [
        { names: NEEDED, action: 'SCMP_ACT_ALLOW' },
        { names: ['personality'], action: 'SCMP_ACT_ALLOW', args },
      ],
    };
  });
  t.match(report(bundle).findings.join('\n'), /personality: argument 0 .* 0x100000008 gets past/);
  putProbe(
    bundle,
    [8, 2 ** 32 + 8].map((value) => ({ number: 135, args: [value] })),
  );
  const found = outcomes((fd) => void run(['run', '--preserve-fds', '1', newId()], { bundle, fds: [fd] }));
  t.same(
    found?.map(({ result }) => result),
    [-300, 0],
  );
});

t.test('two profiles', onX86, async (t) => {
  const profile = (...names: string[]) =>
    profileFile({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action: 'SCMP_ACT_ERRNO' }] });
  const [a, b] = [profile('chmod', 'mount'), profile('mount', 'umount2')];
  t.equal(
    check('--diff', a, b),
    'chmod: errno EPERM (1) → allow  (x86_64)\numount2: allow → errno EPERM (1)  (x86_64)\n',
  );
  t.equal(check('--diff', a, a), 'no system call is treated differently\n');
  const [first] = JSON.parse(check('--diff', a, '--format', 'json', b));
  t.match(first, { name: 'chmod', before: { rules: [{ errnoRet: 1 }] }, after: { rules: [] } });
});

t.test('where a profile comes from', ours, async (t) => {
  const rules = [
    { names: ['chmod'], action: 'SCMP_ACT_ERRNO', includes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['mount'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_SYS_ADMIN'] }, comment: 'so' },
    { name: 'umount2', action: 'SCMP_ACT_ERRNO', includes: { minKernel: '99.0' } },
  ];
  const engine = profileFile({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules });
  const forbidden = (...args: string[]) =>
    report(...args)
      .syscalls.filter(({ rules }) => rules.length > 0)
      .map(({ name, rules }) => `${name} ${rules[0]?.place}`);
  t.same(forbidden(engine), ['mount syscalls[1]']);
  t.same(forbidden('--cap', 'sys_admin', engine), ['chmod syscalls[0]']);

  const bundle = makeBundle((config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO' }],
    };
  });
  t.same(forbidden(bundle), ['mount linux.seccomp.syscalls[0]'], 'a bundle');
  t.same(forbidden(join(bundle, 'config.json')), ['mount linux.seccomp.syscalls[0]']);
  const config = readConfig(bundle);
  Object.assign(config.linux.seccomp as object, { syscalls: rules.slice(1, 2) });
  writeConfig(bundle, config);
  t.match(report(bundle).findings.join(), /no runtime heeds them in config.json/);
});

t.test('what is refused', ours, async (t) => {
  const wrong = (profile: unknown, text: RegExp) =>
    refused(t, run(['seccomp', 'check', profileFile(profile)]), text, String(text));
  wrong('{', /is not valid JSON/);
  wrong({}, /defaultAction: is missing/);
  wrong({ defaultAction: 'SCMP_ACT_ERNO' }, /did you mean SCMP_ACT_ERRNO/);
  wrong({ defaultAction: 'SCMP_ACT_ERRNO' }, /lets no program start/);
  wrong({ ociVersion: '1.0.0' }, /has no linux.seccomp: nothing is filtered/);
  wrong(
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['a'], action: 'SCMP_ACT_LOG', includes: { minKernel: 'x' } }],
    },
    /syscalls\[0\]\.includes\.minKernel: must be a version/,
  );
  refused(t, run(['seccomp', 'check', join(temp, 'nowhere')]), /no such file or directory/);
  refused(t, run(['seccomp', 'chek', DOCKER]), /unknown action "chek"/);
});

t.test('nothing is left', requires('root'), nothingLeft);
