import t from 'tap';
import { type Comparison, SCMP_CMP } from '../../../src/linux/libseccomp.ts';
import { runFilter } from '../../../src/process/seccomp/bpf.ts';
import { compareFilter, divide } from '../../../src/process/seccomp/compare.ts';
import { argumentsAround, holds } from '../../../src/process/seccomp/decisions.ts';
import type { RulePlan } from '../../../src/process/seccomp/plan.ts';
import { pick, type Random, seeded } from '../../helpers/mutate.ts';

const X86_64 = 0xc000003e;
const DEFAULT = 0x7fff0000;
const compare = (argument: number, operator: keyof typeof SCMP_CMP, a: bigint, b = 0n): Comparison => ({
  argument,
  operator: SCMP_CMP[operator],
  a,
  b,
});
const rule = (syscall: string, action: number, ...comparisons: Comparison[]): RulePlan => ({
  field: 'linux.seccomp.syscalls[0]',
  syscall,
  action,
  comparisons,
});

t.test('who makes what', async (t) => {
  const ours = (...rules: RulePlan[]) => [...divide(rules).ours.keys()];
  const [first, second] = [compare(0, 'EQ', 1n), compare(1, 'EQ', 2n)];
  t.same(ours(rule('a', 1)), []);
  t.same(ours(rule('a', 1, first, second)), [], 'one rule');
  t.same(ours(rule('a', 1, first), rule('b', 2, compare(0, 'GT', 1n))), [], 'one for each');
  t.same(ours(rule('a', 1, first), rule('a', 1, compare(0, 'MASKED_EQ', 2n)), rule('a', 1, second)), []);
  t.same(ours(rule('a', 1, first), rule('a', 2, second)), ['a'], 'two actions');
  t.same(ours(rule('a', 1, first), rule('a', 1, compare(0, 'LT', 1n))), ['a'], 'an order');
  t.same(ours(rule('a', 1, first), rule('a', 1, first, second)), ['a'], 'two comparisons in one');

  const whole = rule('a', 3);
  const { theirs } = divide([rule('a', 1, first), rule('a', 2, second), whole, rule('b', 1, first)]);
  t.same(theirs, [whole, rule('b', 1, first)], 'a rule without conditions is all that counts');
});

t.test('one comparison', async (t) => {
  const values = [0n, 7n, 8n, 9n, 2n ** 32n + 7n, 2n ** 32n + 8n, 2n ** 32n + 9n, 2n ** 33n, 2n ** 64n - 1n];
  const meanings: Record<keyof typeof SCMP_CMP, (value: bigint, a: bigint) => boolean> = {
    NE: (value, a) => value !== a,
    LT: (value, a) => value < a,
    LE: (value, a) => value <= a,
    EQ: (value, a) => value === a,
    GE: (value, a) => value >= a,
    GT: (value, a) => value > a,
    MASKED_EQ: (value, a) => (value & a) === (8n & a),
  };
  for (const [operator, meaning] of Object.entries(meanings)) {
    for (const a of values) {
      const comparison = compare(3, operator as keyof typeof SCMP_CMP, a, 8n);
      const filter = compareFilter(
        [{ token: X86_64, number: 5, rules: [rule('a', 1, comparison)] }],
        DEFAULT,
      );
      for (const value of values) {
        const args = [0n, 0n, 0n, value];
        const answer = runFilter(filter, { architecture: X86_64, number: 5, args });
        t.equal(answer, meaning(value, a) ? 1 : DEFAULT, `${value} ${operator} ${a}`);
      }
    }
  }
});

t.test('other system calls and architectures go on', async (t) => {
  const rules = [rule('a', 1, compare(0, 'EQ', 1n))];
  const calls = [
    { token: X86_64, number: 5, rules },
    { token: 0x40000003, number: 6, rules: [rule('a', 2, compare(0, 'EQ', 1n))] },
  ];
  const filter = compareFilter(calls, DEFAULT);
  const answer = (architecture: number, number: number) =>
    runFilter(filter, { architecture, number, args: [1n] });
  t.same([answer(X86_64, 5), answer(0x40000003, 6)], [1, 2]);
  t.same([answer(X86_64, 6), answer(0x40000003, 5), answer(X86_64, 4)], ['next', 'next', 'next']);
  t.same(runFilter(compareFilter([], DEFAULT), { architecture: X86_64, number: 5 }), 'next');
});

const OPERATORS = Object.keys(SCMP_CMP) as (keyof typeof SCMP_CMP)[];
const VALUES = [
  0n,
  1n,
  8n,
  0x7fffffffn,
  0xffffffffn,
  2n ** 32n,
  2n ** 32n + 8n,
  2n ** 40n + 1n,
  2n ** 64n - 1n,
];

function randomRule(random: Random): RulePlan {
  const arguments_ = [0, 1, 2, 3, 4, 5].filter(() => random() < 0.5);
  const comparisons = arguments_.map((argument) =>
    compare(argument, pick(random, OPERATORS), pick(random, VALUES), pick(random, VALUES)),
  );
  return rule('a', 0x50000 + Math.floor(random() * 3), ...comparisons);
}

t.test('of any rules the first that holds decides', async (t) => {
  const random = seeded(5);
  const answers = new Set<number | 'next'>();
  let wrong = 0;
  for (let round = 0; round < 60; round += 1) {
    const rules = Array.from({ length: 1 + Math.floor(random() * 12) }, () => randomRule(random));
    const filter = compareFilter([{ token: X86_64, number: 5, rules }], DEFAULT);
    for (const args of argumentsAround(rules).slice(0, 200)) {
      const answer = runFilter(filter, { architecture: X86_64, number: 5, args });
      answers.add(answer);
      if (answer !== (rules.find((each) => holds(each, args))?.action ?? DEFAULT)) wrong += 1;
    }
  }
  t.equal(wrong, 0);
  t.equal(answers.size, 4, 'every action was seen');
});
