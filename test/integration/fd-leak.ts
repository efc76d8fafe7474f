import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { withUserNamespace } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { inside, nothingLeft, running } from '../helpers/runtime.ts';

suite('root');

const open = (pid: number) => readdirSync(`/proc/${pid}/fd`);

t.test('the program has descriptors 0, 1 and 2 only', async (t) => {
  const plain = running(t);
  t.same(open(plain.pid), ['0', '1', '2']);
  const mapped = running(t, withUserNamespace);
  t.same(open(mapped.pid), ['0', '1', '2'], 'in a user namespace');
});

t.test('open descriptors of the caller go no further', async (t) => {
  const fds = Array.from({ length: 40 }, () => openSync('/etc/passwd', 'r'));
  const { pid } = running(t, undefined, [], { fds });
  t.same(open(pid), ['0', '1', '2']);
  fds.forEach(closeSync);
});

t.test('a shell in the container sees nothing else either', async (t) => {
  // 3 is the directory that ls reads.
  t.equal(
    inside(() => {}, ['/bin/ls', '/proc/self/fd']),
    '0\n1\n2\n3',
  );
});

t.test('preserved ones and nothing else', async (t) => {
  const fds = Array.from({ length: 5 }, () => openSync('/etc/passwd', 'r'));
  const { pid } = running(t, undefined, ['--preserve-fds', '2'], { fds });
  t.same(open(pid), ['0', '1', '2', '3', '4']);
  t.same(
    ['3', '4'].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)),
    ['/etc/passwd', '/etc/passwd'],
  );
  fds.forEach(closeSync);
});

t.test('nothing is left', nothingLeft);
