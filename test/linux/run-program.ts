import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type ProgramRun, runProgram } from '../../src/linux/run-program.ts';

const sh = (script: string, more: Partial<ProgramRun> = {}) =>
  runProgram({
    file: '/bin/sh',
    argv: ['sh', '-c', script],
    env: [],
    cwd: '/',
    limits: [],
    input: '',
    ...more,
  });

t.test('how it ends', async (t) => {
  t.match(sh('exit 0'), { status: 0, how: 'exit status 0', timedOut: false, output: '' });
  t.match(sh('exit 137'), { status: 137, how: 'exit status 137' });
  t.match(sh('kill -9 $$'), { status: 137, how: 'killed by signal 9' });
});

t.test('what it gets', async (t) => {
  t.equal(sh('cat; pwd', { input: 'word\n', cwd: '/usr' }).output, 'word\n/usr\n');
  t.equal(sh('pwd', { cwd: '/no/such' }).output, '/\n', 'without that directory');
  t.equal(sh('echo $A $0', { env: ['A=1'] }).output, '1 sh\n');
  t.equal(sh('umask', { umask: 0o27 }).output, '0027\n');
  t.equal(sh('ulimit -n', { limits: [{ type: 'RLIMIT_NOFILE', soft: 77 }] }).output, '77\n');
  t.equal(sh('/bin/ls /proc/self/fd').output, '0\n1\n2\n3\n', 'no descriptor of ours; 3 is the directory');
  // Node.js ignores SIGPIPE.
  const signals = '/bin/grep -E "^Sig(Blk|Ign)" /proc/self/status';
  t.match(sh(signals).output, /^SigBlk:\t0{16}\nSigIgn:\t0{16}\n$/);
});

t.test('what it writes', async (t) => {
  t.equal(sh('echo out; echo err >&2').output, 'out\nerr\n', 'to both streams');
  const { output } = sh('/usr/bin/yes | /usr/bin/head -n 100000; echo end');
  t.match(output, /y\nend\n$/, 'of much the end');
  t.ok(output.length <= 1000, `${output.length} bytes`);
});

t.test('what it need not do', async (t) => {
  const input = 'x'.repeat(1_000_000);
  t.equal(sh('exit 0', { input }).status, 0, 'read');
  t.equal(sh('exec <&- >&- 2>&-; sleep 0.1', { input }).status, 0, 'keep its streams');
  t.equal(sh('/usr/bin/wc -c', { input }).output.trim(), '1000000', 'but it can read everything');
  const start = performance.now();
  t.equal(sh('sleep 30 & echo ok').output, 'ok\n', 'wait for its children');
  t.ok(performance.now() - start < 25_000);
});

t.test('a time limit', async (t) => {
  t.match(sh('echo a; sleep 100; echo b', { milliseconds: 1000 }), { timedOut: true, output: 'a\n' });
  const flood = sh('while :; do echo a; done', { milliseconds: 300 });
  t.equal(flood.timedOut, true, 'of one that writes all the time');
  t.match(sh('exit 3', { milliseconds: 10_000 }), { timedOut: false, status: 3 });
});

t.test('what cannot be executed', async (t) => {
  const run = (file: string) => () =>
    runProgram({ file, argv: ['x'], env: [], cwd: '/', limits: [], input: '' });
  t.throws(run('/no/such'), { errno: 'ENOENT', message: '/no/such: no such file or directory' });
  t.throws(run('/etc'), { message: '/etc: permission denied' });
  t.throws(run('/etc/passwd'), { message: '/etc/passwd: permission denied' });
});

t.test('no descriptor stays open', async (t) => {
  const count = () => readdirSync('/proc/self/fd').length;
  const before = count();
  sh('exit 0');
  t.throws(() => runProgram({ file: '/no', argv: [], env: [], cwd: '/', limits: [], input: '' }));
  t.equal(count(), before);
});

t.test('with a filter, or not at all', async (t) => {
  const seen = join(t.testdir({}), 'seen');
  // An instruction that is none: EINVAL, or EACCES for who may not load filters.
  const filter = { program: new Uint8Array(8).fill(0xff), flags: 0 };
  t.throws(() => sh(`echo here > ${seen}`, { filter }), { message: /(invalid argument|permission denied)$/ });
  t.notOk(existsSync(seen));
});
