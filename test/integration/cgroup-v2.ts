/** What there is in cgroup version 2 only. On the usual host it is skipped: npm run test:vm is its place. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, type Resources, withUserNamespace } from '../helpers/bundle.ts';
import { V1 } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, nothingLeft, refused, run, running } from '../helpers/runtime.ts';
import { newId, tag, temp } from '../helpers/sandbox.ts';

suite('root');
if (V1) {
  t.plan(0, 'cgroup version 2 alone');
  process.exit(0);
}

const dirOf = (cgroup: string) => `/sys/fs/cgroup${cgroup}`;

const at =
  (cgroup: string, resources: Resources = {}): Change =>
  (config) => {
    config.linux.cgroupsPath = cgroup;
    config.linux.resources = resources;
  };

const withCgroupMount =
  (...options: string[]): Change =>
  (config) => {
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
  };

// runc 1.1.5 does so with the systemd driver only.
t.test('a writable cgroup mount: the user of the container owns its cgroup', only('trunc'), async (t) => {
  for (const userNamespace of [false, true]) {
    const cgroup = `/${tag}/${newId()}`;
    const { output } = running(t, (config) => {
      at(cgroup)(config);
      withCgroupMount('rw', 'nosuid')(config);
      config.process.user = { uid: 1000, gid: 1000 };
      if (userNamespace) withUserNamespace(config);
      const script =
        'cd /sys/fs/cgroup; mkdir leaf && echo 0 > leaf/cgroup.procs && echo made; ' +
        '(echo max > memory.max) 2>/dev/null && echo lifted; sleep 1000';
      config.process.args = ['/bin/sh', '-c', script];
    });
    const owner = userNamespace ? 101_000 : 1000;
    const uid = (file: string) => statSync(`${dirOf(cgroup)}/${file}`).uid;
    for (const file of ['.', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
      t.equal(uid(file), owner, file);
    for (const file of ['memory.max', 'pids.max', 'cgroup.freeze']) t.equal(uid(file), 0, file);
    for (let wait = 0; wait < 100 && output.stdout === ''; wait += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    t.equal(output.stdout, 'made\n');
  }
});

t.test('otherwise it stays what it was', async (t) => {
  const cgroup = `/${tag}/kept`;
  create(t, (config) => {
    at(cgroup)(config);
    withCgroupMount('ro')(config);
    config.process.user = { uid: 1000, gid: 1000 };
  });
  t.equal(statSync(dirOf(cgroup)).uid, 0);
});

t.test('the controllers that are needed are enabled all the way down', async (t) => {
  const cgroup = `/${tag}/a/b/c`;
  // Teardowns run last first: the container goes before what its delete does not know that it was made for it.
  t.teardown(() => void execFileSync('rmdir', [dirOf(`/${tag}/a/b`), dirOf(`/${tag}/a`)]));
  create(t, at(cgroup, { pids: { limit: 9 } }));
  for (const parent of [`/${tag}/a`, `/${tag}/a/b`])
    t.match(readFileSync(`${dirOf(parent)}/cgroup.subtree_control`, 'utf8'), /memory.*pids/);
});

// runc does not say why.
t.test('below a cgroup with processes of its own', only('trunc'), async (t) => {
  const busy = dirOf(`/${tag}/busy`);
  mkdirSync(busy, { recursive: true });
  const sleeper = spawn('sleep', ['1000'], { stdio: 'ignore' });
  writeFileSync(`${busy}/cgroup.procs`, String(sleeper.pid));
  const result = attempt(at(`/${tag}/busy/x`, { memory: { limit: 64 << 20 } }), 'true');
  refused(
    t,
    result,
    /linux\.resources\.memory\.limit: cgroup controller memory cannot be enabled: .*busy\/cgroup\.subtree_control: device or resource busy \(version 2 has no controllers below/,
  );
  t.equal(attempt(at(`/${tag}/busy/x`), 'true').status, 0, 'without limits it can be');
  sleeper.kill('SIGKILL');
  await once(sleeper, 'exit');
  rmdirSync(busy);
});

// runc does not name the field.
t.test('below a threaded one', only('trunc'), async (t) => {
  const threaded = dirOf(`/${tag}/threaded`);
  mkdirSync(`${threaded}/thread`, { recursive: true });
  writeFileSync(`${threaded}/thread/cgroup.type`, 'threaded');
  refused(t, attempt(at(`/${tag}/threaded/x`), 'true'), /linux\.cgroupsPath: .* is "domain invalid"/);
  execFileSync('rmdir', [`${threaded}/thread`, threaded]);
});

// runc makes other system calls.
t.test(
  'a filter of devices that is replaced refuses nothing that both allow',
  only('trunc', 'strace'),
  async (t) => {
    const cgroup = `/${tag}/replaced`;
    const loop =
      'mknod /tmp/node c 60 0; while :; do : </dev/zero || echo refused; (: </tmp/node) 2>&1 | grep -c permitted; done';
    const { id, output } = running(t, (config) => {
      at(cgroup, { devices: [{ allow: false, access: 'rwm' }] })(config);
      config.process.args = ['/bin/sh', '-c', loop];
    });
    const rule = { allow: true, type: 'c', major: 61, minor: 0, access: 'r' };
    const log = join(temp, 'bpf');
    const update = (...inject: string[]) => {
      const wrapper = ['strace', '-f', '-o', log, '-e', 'trace=bpf', ...inject];
      const stdin = JSON.stringify({ devices: [rule] });
      const { status, stderr } = run(['update', '--resources', '-', id], { stdin, wrapper });
      t.equal(status, 0, stderr);
      return readFileSync(log, 'utf8').match(/BPF_PROG_[A-Z_]+|BPF_F_REPLACE/g);
    };
    const before = [
      'BPF_PROG_QUERY',
      'BPF_PROG_GET_FD_BY_ID',
      'BPF_PROG_LOAD',
      'BPF_PROG_TYPE_CGROUP_DEVICE',
    ];
    t.same(update(), [...before, 'BPF_PROG_ATTACH', 'BPF_F_REPLACE'], 'in one step');
    // The fourth of the calls is the one that replaces.
    const old = update('-e', 'inject=bpf:error=EINVAL:when=4');
    const twoSteps = ['BPF_PROG_ATTACH', 'BPF_F_REPLACE', 'BPF_PROG_ATTACH', 'BPF_PROG_DETACH'];
    t.same(old, [...before, ...twoSteps], 'in two, where the kernel does not know how');
    t.same([...new Set(output.stdout.trim().split('\n'))], ['1'], 'the one device always, the other never');
  },
);

t.test('what a filter of devices for the cgroup above forbids stays forbidden', only('trunc'), async (t) => {
  const outer = `/${tag}/outer`;
  create(t, at(outer, { devices: [{ allow: false, access: 'rwm' }] }));
  const inner: Change = (config) => {
    at(`${outer}/inner`, { devices: [{ allow: true, access: 'rwm' }] })(config);
    config.linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666 }];
  };
  const { stdout } = attempt(
    inner,
    '(: > /dev/kmsg) 2>/dev/null || echo forbidden; (: > /dev/null) && echo allowed',
  );
  t.equal(stdout, 'forbidden\nallowed\n');
});

t.test('nothing is left', nothingLeft);
