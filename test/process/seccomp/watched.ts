import t from 'tap';
import { bpf, encodeFilter, type FilterInstruction } from '../../../src/linux/seccomp.ts';
import { decodeFilter } from '../../../src/process/seccomp/bpf.ts';
import { watched } from '../../../src/process/seccomp/watched.ts';

const [ALLOW, LOG, TRACE, TRAP, ERRNO, KILL_PROCESS, KILL_THREAD] = [
  0x7fff0000, 0x7ffc0000, 0x7ff00007, 0x30000, 0x50001, 0x80000000, 0,
];
const NOTIFY = 0x7fc00000;
const base64 = (instructions: FilterInstruction[]) =>
  Buffer.from(encodeFilter(instructions)).toString('base64');

t.test('refusals are left to the listener, and nothing else', async (t) => {
  const loaded = (action: number) =>
    decodeFilter(
      Buffer.from(watched({ program: base64([bpf.return(action)]), flags: 4 }).program.program, 'base64'),
    )[0]?.value;
  for (const action of [ERRNO, 0x50000, KILL_PROCESS, KILL_THREAD])
    t.equal(loaded(action), NOTIFY, action.toString(16));
  for (const action of [ALLOW, LOG, TRACE, TRAP]) t.equal(loaded(action), action, action.toString(16));
});

t.test('numbers that look like an action are not one', async (t) => {
  const program = [bpf.loadNumber, bpf.jumpIfEqual(ERRNO, 0, 1), bpf.return(ALLOW), bpf.return(ERRNO)];
  const { program: made, answer } = watched({ program: base64(program), flags: 4 });
  t.same(
    decodeFilter(Buffer.from(made.program, 'base64')).map(({ value }) => value),
    [0, ERRNO, ALLOW, NOTIFY],
  );
  t.equal(made.flags, 4 | 8, 'with a listener');
  t.equal(answer({ architecture: 1, number: 5 }), ERRNO, 'what the filter itself says');
  t.equal(answer({ architecture: 1, number: ERRNO }), ALLOW);
});
