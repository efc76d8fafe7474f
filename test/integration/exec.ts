import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { LINKS } from '../helpers/namespaces.ts';
import { isSince, only, suite } from '../helpers/requires.ts';
import {
  background,
  type Container,
  create,
  nothingLeft,
  type RunOptions,
  run,
  running,
  runtime,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { namespaceOf, newId, sleep, temp, until } from '../helpers/sandbox.ts';

suite('root');
// crun 1.8 takes less of config.json for exec (no user, no environment), and says 1 for its own failures.
if (runtime.kind === 'crun') {
  t.plan(0, 'only trunc, runc');
  process.exit(0);
}

const FAILED = 255;

/** What a script prints that is run in the container. */
function said({ id }: Container, script: string, flags: string[] = [], options: RunOptions = {}): string {
  return succeed(['exec', ...flags, id, '/bin/sh', '-c', script], options).stdout.trimEnd();
}

function fails(t: Test, args: string[], text: RegExp, message: string): void {
  const { status, stdout, stderr } = run(['exec', ...args]);
  t.equal(status, FAILED, `${message}: ${stderr.trim()}`);
  t.equal(stdout, '', `${message}: nothing on stdout`);
  t.match(stderr.replaceAll('\\"', '"'), text, message);
  if (runtime.kind === 'trunc') t.match(stderr, /^exec failed: [^\n]+\n$/, `${message}: one line`);
}

t.test('the exit status is that of the program', async (t) => {
  const { id } = running(t);
  for (const status of [0, 1, 126, 127, 255])
    t.equal(run(['exec', id, 'sh', '-c', `exit ${status}`]).status, status);
  for (const [signal, number] of Object.entries({ TERM: 15, KILL: 9, SEGV: 11 }))
    t.equal(run(['exec', id, 'sh', '-c', `kill -${signal} $$`]).status, 128 + number);
});

t.test('stdin, stdout and stderr', async (t) => {
  const { id } = running(t);
  const { stdout, stderr } = run(['exec', id, 'sh', '-c', 'read x; echo got $x; echo bad >&2'], {
    stdin: 'word\n',
  });
  t.equal(stdout, 'got word\n');
  t.equal(stderr, 'bad\n');
});

t.test('options stop at the ID', async (t) => {
  const container = running(t);
  t.equal(succeed(['exec', container.id, 'echo', '-e', '--', '--user']).stdout, '-- --user\n');
  // runc 1.1.5 looks for a program of that name.
  if (runtime.kind === 'trunc') t.equal(succeed(['exec', container.id, '--', 'echo', '-n', 'x']).stdout, 'x');
});

t.test('in the namespaces and cgroup of the container', async (t) => {
  const container = running(t);
  for (const link of Object.values(LINKS)) {
    if (!existsSync(`/proc/self/ns/${link}`)) continue;
    t.equal(
      said(container, `readlink /proc/self/ns/${link}`),
      namespaceOf(container.pid, link),
      `its ${link} namespace`,
    );
  }
  const child = background(['exec', container.id, 'sleep', '1000']);
  // Some that are listed have ended by then.
  const isSleep = (pid: number) =>
    spawnSync('cat', [`/proc/${pid}/comm`], { encoding: 'utf8' }).stdout === 'sleep\n';
  const find = () =>
    JSON.parse(succeed(['ps', '--format', 'json', container.id]).stdout).find(
      (each: number) => each !== container.pid && isSleep(each),
    );
  const pid = until('the program', find);
  const cgroups = (of: number) =>
    readFileSync(`/proc/${of}/cgroup`, 'utf8')
      .split('\n')
      // runc 1.1.5 does not know about the half of version 2 on a hybrid host.
      .filter((line) => runtime.kind === 'trunc' || !line.startsWith('0::'));
  t.same(cgroups(pid), cgroups(container.pid));
  t.equal(
    said(container, 'cat /proc/self/cgroup | grep -c "/\\.\\."'.concat(' || true')),
    '0',
    'below its root',
  );
  child.child.kill('SIGTERM');
  t.equal((await child.done).status, 128 + 15, 'and signals are forwarded');
});

t.test('user, groups, umask and HOME', async (t) => {
  const container = running(t, (config) => {
    config.process.user = { uid: 0, gid: 7, additionalGids: [8] };
    config.process.env = ['PATH=/bin', 'A=1'];
  });
  const show = 'id -u; id -g; id -G; echo $HOME';
  t.equal(said(container, show), '0\n7\n7 8\n/root');
  t.equal(said(container, show, ['--user', '1000']), '1000\n7\n7 8\n/home/user');
  t.equal(said(container, show, ['-u', '1000:9']), '1000\n9\n9 8\n/home/user');
  t.equal(said(container, show, ['-u', '1:2', '-g', '10', '-g', '11']), '1\n2\n2 8 10 11\n/');
  t.equal(said(container, 'umask'), '0022');
});

t.test('environment and working directory', async (t) => {
  const container = running(t, (config) => {
    config.process.env = ['PATH=/bin', 'A=1', 'B=2'];
    config.process.cwd = '/tmp';
  });
  t.equal(said(container, 'pwd; echo $A $B $C'), '/tmp\n1 2');
  t.equal(
    said(container, 'pwd; echo $A $B $C', ['--cwd', '/root', '-e', 'B=x=y', '-e', 'C=3']),
    '/root\n1 x=y 3',
  );
});

t.test('capabilities', async (t) => {
  const caps = ['CAP_CHOWN', 'CAP_KILL'];
  const plain = running(t, (config) => {
    config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
  });
  const show = 'grep ^Cap /proc/self/status | cut -f2';
  const mask = (...bits: number[]) =>
    bits
      .reduce((all, bit) => all | (1 << bit), 0)
      .toString(16)
      .padStart(16, '0');
  const [none, both, more] = [mask(), mask(0, 5), mask(0, 5, 12)];
  t.equal(said(plain, show), [none, both, both, both, none].join('\n'));
  t.equal(said(plain, show, ['--cap', 'CAP_NET_ADMIN']), [none, more, more, more, none].join('\n'));
});

t.test('no-new-privs', async (t) => {
  const container = running(t);
  const show = 'grep NoNewPrivs /proc/self/status | cut -f2';
  t.equal(said(container, show), '0');
  t.equal(said(container, show, ['--no-new-privs']), '1');
});

t.test('descriptors', async (t) => {
  const container = running(t);
  const file = join(temp, newId());
  writeFileSync(file, 'kept');
  const fds = [openSync(file, 'r'), openSync(file, 'r')];
  const list = 'cd /proc/self/fd; echo *';
  t.match(said(container, list), /^0 1 2( 3)?$/, 'but for that of the directory, none');
  t.equal(said(container, 'cat <&4', ['--preserve-fds', '2'], { fds }), 'kept');
  t.match(said(container, `${list}`, ['--preserve-fds', '1'], { fds }), /^0 1 2 3( 4)?$/);
});

t.test('--detach and --pid-file', async (t) => {
  const container = running(t);
  const file = join(temp, newId());
  const { stdout } = succeed(['exec', '--detach', '--pid-file', file, container.id, 'sleep', '1000']);
  t.equal(stdout, '');
  const text = readFileSync(file, 'utf8');
  t.match(text, /^\d+$/, 'without a newline');
  t.equal(namespaceOf(Number(text), 'mnt'), namespaceOf(container.pid, 'mnt'));
  t.equal(readFileSync(`/proc/${text}/comm`, 'utf8'), 'sleep\n', 'it runs');
});

t.test('--process', async (t) => {
  const container = running(t);
  const file = join(temp, newId());
  const process = {
    args: ['sh', '-c', 'id -u; pwd; echo $X; exit 3'],
    cwd: '/tmp',
    env: ['PATH=/bin', 'X=y'],
    user: { uid: 12, gid: 13 },
  };
  writeFileSync(file, JSON.stringify(process));
  const { status, stdout } = run(['exec', '--process', file, container.id]);
  t.equal(status, 3);
  t.equal(stdout, '12\n/tmp\ny\n');
  if (runtime.kind !== 'trunc') return;
  writeFileSync(file, JSON.stringify({ ...process, cwd: 'tmp', user: { uid: -1, gid: 0 } }));
  fails(t, ['-p', file, container.id], /process: user\.uid: must be .*found -1/, 'a broken one');
  writeFileSync(file, JSON.stringify({ ...process, cwd: 'tmp', args: [] }));
  fails(t, ['-p', file, container.id], /cwd: must be an absolute path.*args: must not be empty/, 'another');
  writeFileSync(file, '{');
  fails(t, ['-p', file, container.id], /--process is not valid JSON/, 'no JSON');
});

t.test('errors', async (t) => {
  const container = running(t);
  const { id } = container;
  fails(t, [id, 'nosuch'], /exec: "nosuch": executable file not found in \$PATH/, 'no such program');
  fails(t, [id, '/nosuch'], /exec: "\/nosuch": stat \/nosuch: no such file or directory/, 'no such file');
  fails(t, [id, '/etc/passwd'], /exec: "\/etc\/passwd": permission denied/, 'no program');
  fails(t, ['--cwd', '/nosuch', id, 'true'], /no such file or directory/, 'no such directory');
  fails(t, ['--process', '/nosuch', id], /\/nosuch: no such file or directory/, 'no such document');
  fails(t, [newId(), 'true'], /container does not exist|does not exist/, 'no such container');
  if (runtime.kind !== 'trunc') return;
  fails(t, [id], /process.args: must not be empty/, 'no program at all');
  fails(t, ['-t', '-d', id, 'true'], /--console-socket/, 'a terminal for nobody');
  fails(t, ['--console-socket', '/nosuch', id, 'true'], /--console-socket/, 'a socket for nothing');
  fails(t, ['-e', 'X', id, 'true'], /process\.env\[\d\]: must be NAME=value/, 'a variable without value');
  t.equal(run(['exec', '--nosuch', id, 'true']).status, 1, 'misuse');
  t.equal(state(id)?.status, 'running');
});

t.test('a container that is created, paused, or has stopped', async (t) => {
  const container = create(t, (config) => {
    config.process.args = ['/bin/sleep', '1000'];
  });
  const { id } = container;
  t.equal(said(container, 'echo early'), 'early', 'created');
  succeed(['start', id]);
  succeed(['pause', id]);
  // Words that callers look for.
  fails(t, [id, 'true'], /cannot exec in a paused container/, 'paused');
  if (runtime.kind === 'trunc') {
    const { done, output } = background(['exec', '--ignore-paused', id, 'echo', 'later']);
    sleep(300);
    t.equal(output.stdout, '', 'with --ignore-paused it waits');
    succeed(['resume', id]);
    const { status, stdout } = await done;
    t.equal(status, 0);
    t.equal(stdout, 'later\n', 'and goes on');
  } else succeed(['resume', id]);
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  fails(t, [id, 'true'], /cannot exec in a stopped container/, 'stopped');
});

const KINDS: Record<string, Change> = {
  'a user namespace': (config) => withUserNamespace(config),
  'no pid namespace': (config) => withoutNamespace(config, 'pid'),
  'no mount namespace': (config) => {
    withoutNamespace(config, 'mount');
    config.mounts = [];
    Object.assign(config.linux, { maskedPaths: [], readonlyPaths: [] });
  },
  'no network and no cgroup namespace': (config) => {
    withoutNamespace(config, 'network');
    withoutNamespace(config, 'cgroup');
    config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs');
  },
  'a time namespace': (config) => config.linux.namespaces.push({ type: 'time' }),
};
for (const [name, change] of Object.entries(KINDS)) {
  // runc demands a mount namespace.
  const kinds = /time/.test(name) ? only(['trunc', 'newer runc']) : only('trunc');
  t.test(name, /time|no mount/.test(name) ? kinds : {}, async (t) => {
    const container = running(t, change);
    const seen = said(container, 'ls /; id -u');
    t.equal(seen, said(container, 'ls /; id -u', ['--cwd', '/']));
    t.match(seen, /^bin\ndev\netc\nproc\nroot\nsys\ntmp\n0$/, 'it has the root of the container');
    const pid = join(temp, newId());
    succeed(['exec', '-d', '--pid-file', pid, container.id, 'sleep', '1000']);
    for (const link of Object.values(LINKS)) {
      const path = `/proc/self/ns/${link}`;
      if (!existsSync(path)) continue;
      t.equal(namespaceOf(Number(readFileSync(pid, 'utf8')), link), namespaceOf(container.pid, link), link);
    }
  });
}

t.test('seccomp', async (t) => {
  const container = running(t, (config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
    };
  });
  t.equal(
    said(container, 'mkdir /tmp/x 2>&1 || true'),
    "mkdir: can't create directory '/tmp/x': Operation not permitted",
  );
  t.equal(said(container, 'grep ^Seccomp: /proc/self/status | cut -f2'), '2');
});

t.test('limits and OOM score are those of config.json', async (t) => {
  const container = running(t, (config) => {
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 70, hard: 80 }];
    config.process.oomScoreAdj = 321;
  });
  // runc 1.1.5 sometimes has the hard one as both.
  t.match(said(container, 'ulimit -Sn; ulimit -Hn'), runtime.kind === 'runc' ? /80$/ : /^70\n80$/);
  // runc 1.1.5 gives that of its caller.
  if (runtime.kind === 'trunc') t.equal(said(container, 'cat /proc/self/oom_score_adj'), '321');
});

t.test('execCPUAffinity', only(['trunc', 'newer runc']), async (t) => {
  const show = 'grep Cpus_allowed_list /proc/self/status | cut -f2';
  const seen = (execCPUAffinity?: object) =>
    said(
      running(t, (config) => void Object.assign(config.process, { execCPUAffinity })),
      show,
    );
  t.equal(seen({ initial: '0', final: '0' }), '0');
  // A process that comes into a cpuset keeps what it has asked for, where that is among it, since Linux 6.2.
  t.equal(
    seen({ initial: '0' }),
    isSince(6, 2) ? '0' : seen(),
    'without a final one it is the kernel’s business',
  );
});

t.test('nothing is left', nothingLeft);
