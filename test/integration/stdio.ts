import { execFileSync } from 'node:child_process';
import { fstatSync, openSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, requires, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, running, runtime } from '../helpers/runtime.ts';
import { temp } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};

t.test('descriptors 0 to 2 are the very files of the caller', async (t) => {
  const file = join(temp, 'stdin');
  writeFileSync(file, '');
  const stdin = openSync(file, 'r');
  const { pid, output } = running(t, same, [], { stdin });
  t.equal(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0], '/bin/sleep');
  t.same(statSync(`/proc/${pid}/fd/0`), fstatSync(stdin), 'stdin');
  t.match(output, { stdout: '', stderr: '' });
  for (const fd of [1, 2]) t.match(statSync(`/proc/${pid}/fd/${fd}`).isFile(), true);
  t.not(statSync(`/proc/${pid}/fd/1`).ino, statSync(`/proc/${pid}/fd/2`).ino);
});

t.test('a pipe stays that pipe', async (t) => {
  const wrapper = ['sh', '-c', 'echo x | { readlink /proc/self/fd/0 >&2; exec "$@"; }', 'sh'];
  const { pid, output } = running(t, same, [], { wrapper });
  t.match(output.stderr, /^pipe:\[\d+\]\n$/);
  t.equal(readlinkSync(`/proc/${pid}/fd/0`), output.stderr.trim());
});

// runc and crun put pipes of their own between.
t.test('with run too', only('trunc'), async (t) => {
  const wrapper = ['sh', '-c', 'echo x | { readlink /proc/self/fd/0 >&2; "$@"; } | cat', 'sh'];
  const { stdout, stderr } = attempt(same, 'readlink /proc/self/fd/0', { wrapper });
  t.match(stderr, /^pipe:\[\d+\]\n$/);
  t.equal(stdout, stderr);
});

t.test('O_NONBLOCK of a shared pipe stays as it was', requires('perl', 'mkfifo'), async (t) => {
  const fifo = join(temp, 'fifo');
  execFileSync('mkfifo', [fifo]);
  // Go clears it in what it passes on.
  for (const flag of runtime.kind === 'runc' ? ['0'] : ['0', 'O_NONBLOCK']) {
    const script = [
      'use Fcntl; open(F, "+<", shift) or die; open(STDIN, "<&F"); open(STDOUT, ">&F");',
      `fcntl(F, F_SETFL, O_RDWR | ${flag}) or die; system(@ARGV) == 0 or die;`,
      'print STDERR fcntl(F, F_GETFL, 0) & O_NONBLOCK ? "O_NONBLOCK" : "0";',
    ].join(' ');
    const { output, pid } = running(t, same, [], { wrapper: ['perl', '-e', script, fifo] });
    t.equal(output.stderr, flag, 'after create, for the caller');
    const flags = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/0`, 'utf8'))?.[1] ?? '';
    t.equal(Number.parseInt(flags, 8) & 0o4000, flag === '0' ? 0 : 0o4000, 'and for the program');
  }
});

t.test('the position of a file goes on', async (t) => {
  const file = join(temp, 'both');
  const wrapper = ['sh', '-c', `{ echo before; "$@"; echo after; } > ${file}`, 'sh'];
  attempt(same, 'echo inside', { wrapper });
  t.equal(readFileSync(file, 'utf8'), 'before\ninside\nafter\n');
  const rest = ['sh', '-c', '{ read first; "$@"; }', 'sh'];
  t.equal(inside(same, 'cat', { wrapper: rest, stdin: 'one\ntwo\nthree\n' }), 'two\nthree');
});

t.test('/dev/stdin and its like work', async (t) => {
  const script = 'cat /dev/stdin > /dev/stdout; echo err > /dev/stderr';
  const { stdout, stderr } = attempt(same, script, { stdin: 'word\n' });
  t.equal(stdout, 'word\n');
  t.equal(stderr, 'err\n');
});

t.test('the three may be one file', async (t) => {
  const { pid } = running(t, same, [], { wrapper: ['sh', '-c', '"$@" 2>&1', 'sh'] });
  const link = (fd: number) => readlinkSync(`/proc/${pid}/fd/${fd}`);
  t.equal(link(1), link(2));
  t.not(link(0), link(1));
});

t.test('nothing is left', nothingLeft);
