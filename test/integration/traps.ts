// What the JavaScript engines do behind our back, and must not be seen by a program or break a container. The file runs
// for the runtime in RUNTIME, and through traps-on-node.ts once more for our own code under Node.js.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import { attempt, create, inside, nothingLeft, run, runtime, succeed, waitFor } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};
const status = (row: string) => ['/bin/grep', row, '/proc/self/status'];

t.test('no signal is ignored or blocked in the program', async (t) => {
  t.match(inside(same, status('^Sig[BI]')), /^SigBlk:\t0{16}\nSigIgn:\t0{16}$/);
});

// Go, and C, leave what the caller ignores.
t.test('not even those that the caller ignores', only('trunc'), async (t) => {
  const wrapper = ['sh', '-c', 'trap "" HUP INT PIPE USR1 TERM; exec "$@"', 'sh'];
  t.match(inside(same, status('^SigIgn'), { wrapper }), /\t0{16}$/);
});

// Go raises it too.
t.test("the caller's soft RLIMIT_NOFILE is kept", only(['trunc', 'crun']), async (t) => {
  // Node.js changes the limit before any code of ours runs: all it can know is what its parent has.
  const start = runtime.node ? '"$@"; exit $?' : 'exec "$@"';
  const wrapper = ['sh', '-c', `ulimit -Sn 1024; ${start}`, 'sh'];
  t.equal(inside(same, 'ulimit -Sn', { wrapper }), '1024', 'with run');
  const { id, output } = create(
    t,
    (config) => {
      config.process.args = ['/bin/sh', '-c', 'ulimit -Sn'];
    },
    [],
    { wrapper },
  );
  succeed(['start', id]);
  waitFor(id, 'stopped');
  t.equal(output.stdout, '1024\n', 'with create and start');
});

t.test('descriptors 0 to 2 are open, not /dev/null', async (t) => {
  const script = 'read line; echo $line; echo err >&2';
  const { stdout, stderr } = attempt(same, script, { stdin: 'in\n' });
  t.equal(stdout + stderr, 'in\nerr\n');
});

t.test('no descriptor of the engine reaches the program', async (t) => {
  t.equal(inside(same, ['/bin/ls', '/proc/self/fd']), '0\n1\n2\n3', '3 is the directory that ls reads');
});

t.test('the program is one thread in a process of its own', async (t) => {
  t.match(inside(same, status('^Threads')), /\t1$/);
  t.equal(inside(same, ['/bin/cat', '/proc/self/comm']), 'cat');
});

t.test('run leaves O_NONBLOCK of a pipe as it was', requires('perl'), async (t) => {
  const script = [
    'use Fcntl; pipe(R, W); print W "word\\n"; close(W); open(STDIN, "<&R"); system(@ARGV) == 0 or die;',
    'print STDERR fcntl(R, F_GETFL, 0) & O_NONBLOCK ? "changed" : "same";',
  ].join(' ');
  const { stdout, stderr } = attempt(same, 'cat', { wrapper: ['perl', '-e', script] });
  t.equal(stdout, 'word\n');
  t.equal(stderr, 'same');
});

/** A file of JavaScript that writes down who has run it, and the file where it does so. */
function evil(dir: string): { script: string; ran: () => string } {
  const script = join(dir, 'evil.js');
  const marker = join(temp, newId());
  writeFileSync(
    script,
    `require('fs').appendFileSync(${JSON.stringify(marker)}, process.argv.join(' ') + '\\n');`,
  );
  return { script, ran: () => (existsSync(marker) ? readFileSync(marker, 'utf8') : '') };
}

function hostileBundle(change: Change): { bundle: string; ran: () => string } {
  const bundle = makeBundle(change);
  const { ran } = evil(bundle);
  const write = (name: string, text: string) => writeFileSync(join(bundle, name), text);
  write(
    'bunfig.toml',
    'preload = ["./evil.js"]\n[run]\npreload = ["./evil.js"]\n[test]\npreload = ["./evil.js"]\n',
  );
  for (const name of ['.env', '.env.local', '.env.production', '.env.development'])
    write(name, 'HOSTILE=1\nNODE_OPTIONS=--require=./evil.js\nBUN_OPTIONS=--preload=./evil.js\n');
  write('package.json', '{ "type": "commonjs", "main": "evil.js", "imports": { "#x": "./evil.js" } }');
  write('tsconfig.json', '{ "compilerOptions": { "paths": { "*": ["./evil.js"] } } }');
  for (const name of ['koffi', 'yargs', 'ajv', 'uuid']) {
    mkdirSync(join(bundle, 'node_modules', name), { recursive: true });
    write(`node_modules/${name}/index.js`, "require('../../evil.js');");
    write(`node_modules/${name}/package.json`, '{ "main": "index.js" }');
  }
  return { bundle, ran };
}

t.test('files of the bundle are not code', async (t) => {
  const { bundle, ran } = hostileBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'env'];
  });
  const id = newId();
  // As shims do: the bundle is the working directory too.
  const here = { cwd: bundle, bundle };
  const { stdout } = run(['run', newId()], here);
  t.match(stdout, /^PATH=/m);
  t.notMatch(stdout, /HOSTILE|OPTIONS/);
  succeed(['create', id], here);
  for (const command of [
    ['state', id],
    ['start', id],
    ['list'],
    ['--version'],
    ['--help'],
    ['delete', '--force', id],
  ])
    t.equal(run(command, { cwd: bundle }).status, 0, command.join(' '));
  t.equal(ran(), '');
});

t.test("the engines' own variables get neither into the program nor into init", async (t) => {
  const dir = join(temp, newId());
  mkdirSync(dir);
  const { script, ran } = evil(dir);
  const certificates = join(dir, 'ca.pem');
  writeFileSync(certificates, 'no certificate\n');
  const env: Record<string, string> = {
    NODE_OPTIONS: `--require=${script}`,
    BUN_OPTIONS: `--preload=${script}`,
    BUN_INSPECT_PRELOAD: script,
    NODE_EXTRA_CA_CERTS: certificates,
    NODE_PATH: dir,
    LD_DEBUG_OUTPUT: join(dir, 'ld'),
  };
  t.equal(inside(same, 'env | grep -E "NODE|BUN|LD_" || echo none', { env }), 'none');
  // That the command of the caller runs it is the caller's affair. Init belongs to the container.
  t.notMatch(ran(), /\binit\b/);
});

// runc opens files under the program's limit.
t.test('small limits are the business of the program alone', only('trunc'), async (t) => {
  const cases: [string, number, number?][] = [
    ['AS', 16 << 20],
    ['DATA', 1 << 20],
    ['STACK', 256 << 10],
    ['NOFILE', 3],
    ['NOFILE', 0],
    ['FSIZE', 0],
    ['MEMLOCK', 0],
    ['SIGPENDING', 0],
    ['NPROC', 1, 1000],
    ['CPU', 1],
  ];
  for (const [type, value, uid = 0] of cases) {
    const { status, stderr } = attempt(
      (config) => {
        config.process.rlimits = [{ type: `RLIMIT_${type}`, soft: value, hard: value }];
        config.process.user = { uid, gid: uid };
      },
      ['/bin/true'],
    );
    t.equal(status, 0, `${type} ${value} ${stderr}`);
  }
});

t.test('a limit of 6 MiB and one of one process', async (t) => {
  const limited = (resources: Parameters<Change>[0]['linux']['resources']) =>
    attempt((config) => Object.assign(config.linux, { resources }), ['/bin/true']);
  t.match(limited({ memory: { limit: 6 << 20 } }), { status: 0, stderr: '' });
  t.match(limited({ pids: { limit: 1 } }), { status: 0, stderr: '' });
});

t.test('a caller without any of the usual', async (t) => {
  const wrapper = ['env', '-i', ...(runtime.kind === 'crun' ? ['PATH=/usr/bin:/bin:/usr/sbin'] : [])];
  const absolute = runtime.argv[0]?.startsWith('/') ? wrapper : ['env', '-i', 'PATH=/usr/sbin:/usr/bin'];
  t.equal(inside(same, 'echo ran', { wrapper: absolute, cwd: '/' }), 'ran');
});

t.test('nothing is left', nothingLeft);
