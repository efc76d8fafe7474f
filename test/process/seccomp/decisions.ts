import t from 'tap';
import { type Comparison, SCMP_CMP } from '../../../src/linux/libseccomp.ts';
import { decisionsFrom, holds, type Sample } from '../../../src/process/seccomp/decisions.ts';
import type { RulePlan } from '../../../src/process/seccomp/plan.ts';

const DEFAULT = 0x7fff0000;
const compare = (argument: number, operator: number, a: bigint, b = 0n): Comparison => ({
  argument,
  operator,
  a,
  b,
});
const rule = (action: number, ...comparisons: Comparison[]): RulePlan => ({
  field: `${action}`,
  syscall: 'a',
  action,
  comparisons,
});
const one = rule(1, compare(0, SCMP_CMP.EQ, 5n));
const two = rule(2, compare(0, SCMP_CMP.LT, 9n));
const sample = (first: bigint, answer: number): Sample => ({ args: [first], answer });

t.test('what holds', async (t) => {
  t.ok(holds(rule(1), []));
  t.ok(holds(rule(1, compare(0, SCMP_CMP.EQ, 0n)), []), 'no argument is 0');
  t.notOk(holds(rule(1, compare(0, SCMP_CMP.EQ, 5n), compare(1, SCMP_CMP.GE, 1n)), [5n, 0n]));
  t.ok(holds(rule(1, compare(0, SCMP_CMP.MASKED_EQ, 0xf0n, 0x2fn)), [0x21n]), 'bits outside of the mask');
});

t.test('the order is that of the filter', async (t) => {
  const first = [sample(5n, 1), sample(4n, 2), sample(9n, DEFAULT)];
  t.same(decisionsFrom([one, two], first, DEFAULT), {
    rules: [one, two],
    otherwise: DEFAULT,
    exceptions: [],
    idle: [],
  });
  t.same(decisionsFrom([two, one], first, DEFAULT).rules, [one, two]);
  const second = [sample(5n, 2), sample(4n, 2), sample(9n, DEFAULT)];
  t.match(decisionsFrom([one, two], second, DEFAULT), { rules: [two], idle: [one] });
});

t.test('a filter that does not follow the rules', async (t) => {
  const samples = [sample(5n, 1), sample(4n, DEFAULT), sample(9n, DEFAULT), sample(8n, 2)];
  t.match(decisionsFrom([one, two], samples, DEFAULT), {
    rules: [one],
    otherwise: DEFAULT,
    exceptions: [sample(8n, 2)],
    idle: [two],
  });
});

t.test('nothing is left for the default action', async (t) => {
  t.match(decisionsFrom([rule(1)], [sample(0n, 1), sample(7n, 1)], DEFAULT), {
    rules: [rule(1)],
    otherwise: DEFAULT,
  });
});
