import t, { type Test } from 'tap';
import { bpf, encodeFilter } from '../../../src/linux/seccomp.ts';
import { decodeFilter, runFilter } from '../../../src/process/seccomp/bpf.ts';
import { pathsThrough } from '../../../src/process/seccomp/paths.ts';

const call = { architecture: 0xc000003e, number: 5 };
const [ALLOW, DENY, OTHER] = [0x7fff0000, 0x50001, 0x50002];

/** Each answer with how many ways lead to it; every way is gone with its arguments. */
function answers(t: Test, program: Parameters<typeof pathsThrough>[0]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { answer, args } of pathsThrough(program, call)) {
    t.equal(runFilter(program, { ...call, args }), answer, `${args}`);
    found[answer] = (found[answer] ?? 0) + 1;
  }
  return found;
}

t.test('instructions and their bytes', async (t) => {
  const program = [
    bpf.loadNumber,
    bpf.jumpIfNotLess(7, 1, 0),
    bpf.and(0xff),
    bpf.jump(0),
    bpf.return(0x80000000),
  ];
  const bytes = encodeFilter(program);
  t.same(
    decodeFilter(bytes),
    program.map((each) => ({ whenTrue: 0, whenFalse: 0, ...each })),
  );
  t.throws(() => runFilter([{ code: 0x34, value: 1 }], call), /unknown instruction 0x34/);
});

t.test('by architecture and number there is one way', async (t) => {
  const program = [
    bpf.loadArchitecture,
    bpf.jumpIfEqual(call.architecture, 0, 2),
    bpf.loadNumber,
    bpf.jumpIfGreater(5, 0, 1),
    bpf.return(DENY),
    bpf.return(ALLOW),
  ];
  t.same(answers(t, program), { [ALLOW]: 1 });
});

t.test('a comparison of an argument forks', async (t) => {
  const program = [
    bpf.loadArgument(1, 1),
    bpf.jumpIfEqual(1, 0, 3),
    bpf.loadArgument(1, 0),
    bpf.jumpIfGreater(7, 0, 1),
    bpf.return(DENY),
    bpf.return(ALLOW),
  ];
  t.same(answers(t, program), { [ALLOW]: 2, [DENY]: 1 });
  const [denied] = pathsThrough(program, call).filter(({ answer }) => answer === DENY);
  t.equal((denied?.args[1] ?? 0n) >> 32n, 1n);
  t.ok(BigInt.asUintN(32, denied?.args[1] ?? 0n) > 7n);
});

t.test('ways that contradict themselves are none', async (t) => {
  const program = [
    bpf.loadArgument(0, 0),
    bpf.jumpIfNotLess(8, 0, 2),
    bpf.jumpIfEqual(3, 0, 2),
    bpf.return(DENY),
    bpf.return(OTHER),
    bpf.return(ALLOW),
  ];
  t.same(answers(t, program), { [ALLOW]: 1, [OTHER]: 1 });
});

t.test('bits that are cut out', async (t) => {
  const program = [
    bpf.loadArgument(0, 0),
    bpf.and(0xf0),
    bpf.jumpIfEqual(0x20, 0, 4),
    bpf.loadArgument(0, 0),
    bpf.jumpIfBits(0x01, 0, 1),
    bpf.return(DENY),
    bpf.return(ALLOW),
    bpf.return(OTHER),
  ];
  t.same(answers(t, program), { [DENY]: 1, [ALLOW]: 1, [OTHER]: 1 });
});
