import t from 'tap';
import { X32_SYSCALL_BIT } from '../../../src/linux/seccomp.ts';
import { runFilter } from '../../../src/process/seccomp/bpf.ts';
import { enosysStub, needsEnosys } from '../../../src/process/seccomp/enosys.ts';

const [X86_64, I386, AARCH64, ARM] = [0xc000003e, 0x40000003, 0xc00000b7, 0x40000028];
const ENOSYS = 0x00050000 | 38;
const x86 = { name: 'x86_64', token: X86_64, number: 435 };
const x32 = { name: 'x32', token: 0x4000003e, number: X32_SYSCALL_BIT + 547 };
const i386 = { name: 'x86', token: I386, number: 439 };

t.test('the default actions that it is for', async (t) => {
  const [kill, killProcess, trap, errno] = [0, 0x80000000, 0x00030000, 0x00050001];
  const [trace, log, allow] = [0x7ff00001, 0x7ffc0000, 0x7fff0000];
  for (const action of [kill, killProcess, trap, errno, 0x00050000])
    t.ok(needsEnosys(action), action.toString(16));
  for (const action of [trace, log, allow, ENOSYS]) t.notOk(needsEnosys(action), action.toString(16));
});

t.test('no architecture', async (t) => {
  t.same(enosysStub([]), []);
});

t.test('three ABIs of one machine', async (t) => {
  for (const lasts of [
    [x86, i386, x32],
    [x32, x86, i386],
    [i386, x32, x86],
  ]) {
    const stub = enosysStub(lasts);
    const answer = (architecture: number, number: number) => runFilter(stub, { architecture, number });
    t.equal(answer(X86_64, 435), 'next');
    t.equal(answer(X86_64, 436), ENOSYS);
    t.equal(answer(X86_64, 0), 'next');
    t.equal(answer(X86_64, X32_SYSCALL_BIT + 547), 'next');
    t.equal(answer(X86_64, X32_SYSCALL_BIT + 548), ENOSYS);
    t.equal(answer(X86_64, X32_SYSCALL_BIT + 1), 'next');
    t.equal(answer(X86_64, -1), ENOSYS);
    t.equal(answer(I386, 439), 'next');
    t.equal(answer(I386, 440), ENOSYS);
    t.equal(answer(AARCH64, 9999), 'next', 'an architecture that is not there');
  }
});

t.test('x86-64 without x32, which is for the filter', async (t) => {
  const stub = enosysStub([x86]);
  const answer = (number: number) => runFilter(stub, { architecture: X86_64, number });
  t.same([435, 436, X32_SYSCALL_BIT + 1, X32_SYSCALL_BIT + 999].map(answer), [
    'next',
    ENOSYS,
    'next',
    'next',
  ]);
});

t.test('x32 alone', async (t) => {
  const stub = enosysStub([x32]);
  const answer = (number: number) => runFilter(stub, { architecture: X86_64, number });
  t.same([500, X32_SYSCALL_BIT + 547, X32_SYSCALL_BIT + 548].map(answer), ['next', 'next', ENOSYS]);
});

t.test('arm64', async (t) => {
  const stub = enosysStub([
    { name: 'aarch64', token: AARCH64, number: 439 },
    { name: 'arm', token: ARM, number: 400 },
  ]);
  const answer = (architecture: number, number: number) => runFilter(stub, { architecture, number });
  t.same([answer(AARCH64, 439), answer(AARCH64, 440)], ['next', ENOSYS]);
  t.same([answer(ARM, 400), answer(ARM, 401), answer(ARM, 439)], ['next', ENOSYS, ENOSYS]);
});
