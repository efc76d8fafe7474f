// What libseccomp and we make of profiles together, by an interpreter of BPF. The kernel's opinion: test/integration/.
import t from 'tap';
import { decodeFilter, runFilter } from '../../../src/process/seccomp/bpf.ts';
import { compileSeccomp } from '../../../src/process/seccomp/compile.ts';
import { argumentsAround, holds } from '../../../src/process/seccomp/decisions.ts';
import { planSeccomp } from '../../../src/process/seccomp/plan.ts';
import type { ExactArgument, ExactSeccomp } from '../../../src/spec/exact.ts';
import { pick, type Random, seeded } from '../../helpers/mutate.ts';
import { requires } from '../../helpers/requires.ts';

const X86_64 = 0xc000003e;
const X86 = 0x40000003;
const IOCTL = 16;

type Rule = NonNullable<ExactSeccomp['syscalls']>[number];
const forbid = (errnoRet: number, ...args: ExactArgument[]): Rule => ({
  names: ['ioctl'],
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  args,
});
const compare = (index: number, op: string, value: number, valueTwo = 0): ExactArgument =>
  ({ index, value, valueTwo, op: `SCMP_CMP_${op}` }) as ExactArgument;

/** How many samples of arguments a compiled profile answers otherwise than its rules say, the first that holds. */
function differences(syscalls: Rule[]): number {
  const plan = planSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', syscalls });
  const filter = decodeFilter(compileSeccomp(plan));
  return argumentsAround(plan.rules).filter((args) => {
    const answer = runFilter(filter, { architecture: X86_64, number: IOCTL, args });
    return answer !== (plan.rules.find((rule) => holds(rule, args))?.action ?? plan.defaultAction);
  }).length;
}

t.test('rules for which libseccomp 2.5.4 does not come to an end', requires('x86-64'), async (t) => {
  const less = compare(0, 'LT', 2 ** 32);
  const masked = compare(2, 'MASKED_EQ', 2 ** 40 + 1, 2 ** 32);
  t.equal(differences([forbid(200, compare(2, 'GE', 2 ** 32), less), forbid(201, less, masked)]), 0);
  const not = compare(1, 'NE', 2 ** 32);
  t.equal(
    differences([
      forbid(200, compare(2, 'LE', 0x7fffffff), not),
      forbid(201, not, compare(2, 'NE', 2 ** 40 + 1)),
    ]),
    0,
  );
});

t.test('rules of which it makes something else', requires('x86-64'), async (t) => {
  t.equal(differences([forbid(200, compare(0, 'GE', 2 ** 32)), forbid(200, compare(0, 'LT', 8))]), 0);
  t.equal(differences([forbid(200, compare(0, 'GE', 2 ** 32), compare(0, 'LT', 8))]), 0, 'in one rule');
  t.equal(differences([forbid(200, compare(1, 'LE', 1)), forbid(200, compare(1, 'GT', 2 ** 32))]), 0);
  t.equal(
    differences([forbid(200, compare(0, 'NE', 2)), forbid(201, compare(1, 'NE', 0))]),
    0,
    'two actions',
  );
});

const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const VALUES = [0, 1, 8, 0x7fffffff, 0xffffffff, 2 ** 32, 2 ** 32 + 8, 2 ** 40 + 1];

function randomRule(random: Random): Rule {
  const args = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    compare(Math.floor(random() * 3), pick(random, OPERATORS), pick(random, VALUES), pick(random, VALUES)),
  );
  return forbid(200 + Math.floor(random() * 3), ...args);
}

t.test('any rules', requires('x86-64'), async (t) => {
  const random = seeded(7);
  const wrong = Array.from({ length: 100 }, () => {
    const rules = Array.from({ length: 1 + Math.floor(random() * 6) }, () => randomRule(random));
    return { rules, count: differences(rules) };
  }).filter(({ count }) => count > 0);
  t.same(wrong, []);
});

t.test('subcalls of socketcall', requires('x86-64'), async (t) => {
  const [SOCKETCALL, SOCKET, ALLOW] = [102, 359, 0x7fff0000];
  const compile = (defaultAction: ExactSeccomp['defaultAction'], action: ExactSeccomp['defaultAction']) => {
    const rule = (...args: ExactArgument[]): Rule => ({ names: ['socket'], action, args });
    const syscalls = [
      rule(compare(0, 'EQ', 2), compare(1, 'EQ', 1)),
      rule(compare(0, 'EQ', 1)),
      { names: ['execve', 'statx'], action: 'SCMP_ACT_ALLOW' as const },
    ];
    const plan = planSeccomp({ defaultAction, architectures: ['SCMP_ARCH_X86'], syscalls });
    const filter = decodeFilter(compileSeccomp(plan));
    return (architecture: number, number: number, ...args: bigint[]) =>
      runFilter(filter, { architecture, number, args }) === ALLOW;
  };
  const denied = compile('SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO');
  t.same([denied(X86_64, 41, 2n, 1n), denied(X86_64, 41, 2n, 2n)], [false, true], 'with a call of its own');
  t.same([denied(X86, SOCKETCALL, 1n), denied(X86, SOCKETCALL, 2n)], [false, true], 'as a subcall');
  t.same([denied(X86, SOCKET, 2n, 1n), denied(X86, SOCKET, 1n)], [false, false], 'and the new number');
  const allowed = compile('SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW');
  t.same(
    [allowed(X86_64, 41, 2n, 1n), allowed(X86_64, 41, 1n), allowed(X86_64, 41, 3n)],
    [true, true, false],
  );
  t.same([allowed(X86, SOCKETCALL, 1n), allowed(X86, SOCKET, 2n, 1n)], [false, false]);
});
