import t from 'tap';
import { filters, flagsOf, letsExecute, planSeccomp } from '../../../src/process/seccomp/plan.ts';
import type { Seccomp } from '../../../src/spec/config.ts';
import type { ExactArgument, ExactSeccomp } from '../../../src/spec/exact.ts';

const plan = (seccomp: Partial<ExactSeccomp>) => planSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', ...seccomp });
const errno = (names: string[], more: object = {}) => ({ names, action: 'SCMP_ACT_ERRNO', ...more }) as const;
const equal = (index: number, value: number | string): ExactArgument => ({ index, value, op: 'SCMP_CMP_EQ' });
const compared = (argument: number, a: number | bigint, more: object = {}) => ({
  argument,
  operator: 4,
  a: BigInt(a),
  b: 0n,
  ...more,
});

t.test('actions', async (t) => {
  const number = (defaultAction: Seccomp['defaultAction'], defaultErrnoRet?: number) =>
    plan({ defaultAction, ...(defaultErrnoRet === undefined ? {} : { defaultErrnoRet }) }).defaultAction;
  t.equal(number('SCMP_ACT_KILL'), 0);
  t.equal(number('SCMP_ACT_KILL_THREAD'), 0);
  t.equal(number('SCMP_ACT_KILL_PROCESS'), 0x80000000);
  t.equal(number('SCMP_ACT_TRAP'), 0x30000);
  t.equal(number('SCMP_ACT_ERRNO'), 0x50001);
  t.equal(number('SCMP_ACT_ERRNO', 0), 0x50000);
  t.equal(number('SCMP_ACT_ERRNO', 38), 0x50026);
  t.equal(number('SCMP_ACT_TRACE'), 0x7ff00001);
  t.equal(number('SCMP_ACT_TRACE', 65535), 0x7ff0ffff);
  t.equal(number('SCMP_ACT_LOG'), 0x7ffc0000);
  t.equal(number('SCMP_ACT_ALLOW'), 0x7fff0000);
});

t.test('a rule for each name', async (t) => {
  const { rules, names, sorted } = plan({ syscalls: [errno(['a', 'b']), errno(['a'], { errnoRet: 9 })] });
  t.same(rules, [
    { field: 'linux.seccomp.syscalls[0]', syscall: 'a', action: 0x50001, comparisons: [] },
    { field: 'linux.seccomp.syscalls[0]', syscall: 'b', action: 0x50001, comparisons: [] },
    { field: 'linux.seccomp.syscalls[1]', syscall: 'a', action: 0x50009, comparisons: [] },
  ]);
  t.same(names, ['a', 'b']);
  t.equal(sorted, false);
});

t.test('what the default says anyway is left out, but counts as known', async (t) => {
  const { rules, names } = plan({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [errno(['a']), errno(['b'], { errnoRet: 1 }), errno(['c'], { errnoRet: 2 })],
  });
  t.same(
    rules.map(({ syscall }) => syscall),
    ['c'],
  );
  t.same(names, ['a', 'b', 'c']);
});

t.test('arguments', async (t) => {
  const comparisons = (...args: ExactArgument[]) =>
    plan({ syscalls: [errno(['a'], { args })] }).rules.map((rule) => rule.comparisons);
  t.same(comparisons(equal(0, 5), equal(1, 6)), [[compared(0, 5), compared(1, 6)]], 'all of them');
  t.same(comparisons(equal(0, 5), equal(0, 6)), [[compared(0, 5)], [compared(0, 6)]], 'any of them');
  t.same(
    comparisons(equal(0, 5), equal(1, 7), equal(0, 6)),
    [[compared(0, 5)], [compared(1, 7)], [compared(0, 6)]],
    'any of all as soon as two are about the same',
  );
  t.same(comparisons({ index: 2, value: 7, valueTwo: 1, op: 'SCMP_CMP_MASKED_EQ' }), [
    [compared(2, 7, { operator: 7, b: 1n })],
  ]);
  t.same(
    comparisons(equal(0, 2 ** 64)),
    [[compared(0, 2n ** 64n - 1n)]],
    '2^64 - 1, which no double can hold',
  );
});

t.test('architectures, flags', async (t) => {
  t.same(plan({ architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_MIPSEL64N32'] }).architectures, [
    'x86_64',
    'mipsel64n32',
  ]);
  const flags = (flags?: Seccomp['flags']) =>
    flagsOf({ defaultAction: 'SCMP_ACT_ERRNO', ...(flags && { flags }) });
  t.equal(flags(), 4);
  t.equal(flags([]), 0);
  t.equal(flags(['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC']), 2);
  t.equal(flags(['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']), 6);
  const killable = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] as const;
  t.equal(flags(killable), 2, 'nobody is there to notify');
  const notify = { names: ['a'], action: 'SCMP_ACT_NOTIFY' } as const;
  t.equal(flagsOf({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [notify], flags: killable }), 32 + 8 + 2);
  t.equal(flagsOf({ defaultAction: 'SCMP_ACT_NOTIFY' }), 8 + 4);
});

t.test('many rules are sorted', async (t) => {
  const names = Array.from({ length: 33 }, (_, index) => `call${index}`);
  t.equal(plan({ syscalls: [errno(names)] }).sorted, true);
  t.equal(plan({ syscalls: [errno(names.slice(1))] }).sorted, false);
});

t.test('whether there is anything to do', async (t) => {
  const allow = { names: ['a'], action: 'SCMP_ACT_ALLOW' } as const;
  t.notOk(filters({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [allow] }));
  t.ok(filters({ defaultAction: 'SCMP_ACT_LOG' }));
  t.ok(filters({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [allow, errno(['b'])] }));
});

t.test('whether a program can be executed', async (t) => {
  const lets = (seccomp: Partial<ExactSeccomp>) => letsExecute(plan(seccomp));
  const execve = (action: Seccomp['defaultAction'], args: ExactArgument[] = []) => ({
    names: ['execve'],
    action,
    args,
  });
  t.ok(lets({ syscalls: [errno(['a'])] }));
  t.notOk(lets({ syscalls: [errno(['a', 'execve'])] }));
  t.ok(lets({ syscalls: [execve('SCMP_ACT_ERRNO', [equal(0, 1)])] }));
  t.notOk(lets({ defaultAction: 'SCMP_ACT_KILL' }));
  t.notOk(lets({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [execve('SCMP_ACT_KILL')] }));
  t.ok(lets({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [execve('SCMP_ACT_ALLOW')] }));
  t.ok(lets({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [execve('SCMP_ACT_LOG', [equal(1, 2)])] }));
});
