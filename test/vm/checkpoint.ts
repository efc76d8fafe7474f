import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { writeAll } from '../../src/linux/file.ts';
import { openPipe } from '../../src/linux/pipe.ts';
import { poll } from '../../src/linux/poll.ts';
import { syscall } from '../../src/linux/syscall.ts';
import { type Change, makeBundle, readConfig, withUserNamespace, writeConfig } from '../helpers/bundle.ts';
import { V1 } from '../helpers/cgroup.ts';
import {
  checkpoint,
  count,
  counting,
  goesOn,
  newImage,
  OWN_STREAMS,
  restore,
  SLOWLY,
  tryRestore,
} from '../helpers/checkpoint.ts';
import { shell } from '../helpers/hooks.ts';
import { Systemd, sender } from '../helpers/notify.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import {
  background,
  create,
  nothingLeft,
  refused,
  run,
  runtime,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';
import { FdSocket, ON_TERMINAL, openScreen, Screen } from '../helpers/terminal.ts';

// In the machine, since a criu fails on kernels that it does not know; or wherever one does: criu 4.2 on 6.18.
suite('root', 'criu', 'iptables');

const cgroupOf = (bundle: string): string =>
  `/sys/fs/cgroup${V1 ? '/pids' : ''}${readConfig(bundle).linux.cgroupsPath}`;

t.test('a container goes on where it was', async (t) => {
  const { id, bundle } = counting(t);
  const image = checkpoint(id);
  t.equal(state(id), undefined, 'it is deleted');
  t.notOk(existsSync(cgroupOf(bundle)), 'and its cgroup');
  t.ok(readdirSync(image).includes('pstree.img'));
  t.equal(JSON.parse(readFileSync(join(image, 'descriptors.json'), 'utf8')).length, 3);
  const before = count(bundle);
  const pidFile = join(temp, newId());
  restore(t, { image, bundle, id, flags: ['--pid-file', pidFile] });
  goesOn(t, bundle, before);
  t.match(state(id), { status: 'running', bundle, pid: Number(readFileSync(pidFile, 'utf8')) });
  t.equal(succeed(['exec', id, 'cat', '/proc/1/comm']).stdout, 'sh\n', 'exec');
  t.equal(Number(JSON.parse(succeed(['ps', '-f', 'json', id]).stdout)[0]), state(id)?.pid, 'ps');
  t.match(JSON.parse(succeed(['events', '--stats', id]).stdout), { type: 'stats', id }, 'events');
  t.match(readFileSync(join(cgroupOf(bundle), 'cgroup.procs'), 'utf8'), `${state(id)?.pid}\n`, 'its cgroup');
  // runc 1.1.5 only warns, and two copies share the cgroup.
  if (runtime.kind === 'trunc') refused(t, tryRestore(bundle, image), /cgroup is not empty/, 'a second one');
  const again = run(['restore', '-d', '--image-path', image, id], { ...SLOWLY, bundle });
  refused(t, again, /already exists/, 'the same ID');
  goesOn(t, bundle, count(bundle), 'undisturbed');
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  succeed(['delete', id]);
});

t.test('a second checkpoint of what was restored, as another container', async (t) => {
  const { id, bundle } = counting(t);
  const first = restore(t, { image: checkpoint(id), bundle });
  goesOn(t, bundle, count(bundle));
  const image = checkpoint(first);
  const before = count(bundle);
  restore(t, { image, bundle });
  goesOn(t, bundle, before);
});

t.test('--leave-running', async (t) => {
  const { id, bundle, pid } = counting(t);
  const image = checkpoint(id, ['--leave-running']);
  t.match(state(id), { status: 'running', pid });
  const before = count(bundle);
  goesOn(t, bundle, before);
  succeed(['delete', '--force', id]);
  restore(t, { image, bundle });
  goesOn(t, bundle, before, 'the copy goes on');
});

t.test('--pre-dump, and what has changed since', requires('soft-dirty'), async (t) => {
  const { id, bundle } = counting(t);
  const images = join(temp, newId());
  mkdirSync(images);
  const at = (name: string, ...flags: string[]) =>
    succeed(['checkpoint', '--image-path', join(images, name), ...flags, id], SLOWLY);
  at('one', '--pre-dump');
  t.match(state(id), { status: 'running' });
  at('two', '--pre-dump', '--parent-path', '../one');
  at('three', '--parent-path', '../two', '--work-path', join(images, 'work'));
  t.equal(state(id), undefined);
  t.ok(existsSync(join(images, 'work/dump.log')), 'the log is in the work path');
  const before = count(bundle);
  restore(t, { image: join(images, 'three'), bundle });
  goesOn(t, bundle, before);
});

// runc leaves the images to criu, which cannot look into their directories from in there.
t.test('--pre-dump of a user namespace', only('trunc', 'soft-dirty'), async (t) => {
  const { id, bundle } = counting(t, (config) => withUserNamespace(config));
  const images = join(temp, newId());
  mkdirSync(images, { mode: 0o700 });
  const wrapper = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
  const at = (name: string, ...flags: string[]) =>
    succeed(['checkpoint', '--image-path', join(images, name), ...flags, id], { ...SLOWLY, wrapper });
  at('one', '--pre-dump');
  at('two', '--pre-dump', '--parent-path', '../one');
  at('three', '--parent-path', '../two');
  const before = count(bundle);
  restore(t, { image: join(images, 'three'), bundle });
  goesOn(t, bundle, before);
  const owners = ['.', 'one', 'two', 'three'].map((name) => statSync(join(images, name)).uid);
  t.same(owners, [0, 0, 0, 0], "they are root's again");
});

t.test('in the foreground: signals, the exit status, and nothing left', async (t) => {
  const trap = `trap 'exit 33' TERM`;
  const { id, bundle } = counting(t, undefined, trap);
  const image = checkpoint(id);
  const before = count(bundle);
  const { child, done } = background(['restore', '--image-path', image, id], { ...SLOWLY, bundle });
  waitFor(id, 'running');
  goesOn(t, bundle, before);
  child.kill('SIGTERM');
  t.equal((await done).status, 33);
  t.equal(state(id), undefined);
});

/** Pipes as a program's streams, of which this process has the other ends. */
function pipes() {
  const [stdin, stdout] = [openPipe(), openPipe()];
  const wrapper = ['sh', '-c', 'exec "$@" >&3 3>&- 2>/dev/null', 'sh'];
  const read = (): string => {
    const bytes = Buffer.alloc(100);
    until('something to read', () => poll([stdout.read.number], 100)[0]);
    return bytes.toString('utf8', 0, syscall('read', stdout.read.number, bytes, bytes.length));
  };
  return {
    options: { ...SLOWLY, wrapper, stdin: stdin.read.number, fds: [stdout.write.number] },
    write: (text: string) => writeAll(stdin.write, text),
    read,
  };
}

t.test('pipes as standard streams', async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'i=0; while read -r line; do i=$((i + 1)); echo $line $i; done'];
  });
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  const before = pipes();
  succeed(['create', id], { ...before.options, bundle });
  succeed(['start', id]);
  before.write('one\n');
  t.equal(before.read(), 'one 1\n');
  const image = checkpoint(id);
  t.match(JSON.parse(readFileSync(join(image, 'descriptors.json'), 'utf8')), [/^pipe:/, /^pipe:/, /null$/]);
  const after = pipes();
  restore(t, { image, bundle, id }, after.options);
  after.write('two\n');
  t.equal(after.read(), 'two 2\n');
});

/** Passes what is left on the socket's terminal. */
function screenOf(socket: FdSocket): Screen {
  return new Screen(socket.receive().fd);
}

const withShell: Change = (config) => {
  config.process.terminal = true;
  config.process.args = ['/bin/sh'];
};

t.test('a terminal', async (t) => {
  using socket = new FdSocket();
  const { id, bundle } = create(t, withShell, ['--console-socket', socket.path]);
  const screen = screenOf(socket);
  succeed(['start', id]);
  screen.type('word=before; tty; echo "do""ne"\n');
  screen.waitFor(/\/dev\/pts\/0\n.*done\n/s);
  const image = checkpoint(id);
  screen.master.close();
  using other = new FdSocket();
  const flags = ['--console-socket', other.path];
  restore(t, { image, bundle, id, flags });
  const restored = screenOf(other);
  t.teardown(() => restored.master.close());
  restored.type('echo "$word" ; tty; cat /dev/console & echo "do""ne"; kill %1\n');
  restored.waitFor(/before\n\/dev\/pts\/0\n.*done\n/s);
});

t.test('a terminal of the caller', async (t) => {
  const { screen, slave } = openScreen();
  const id = newId();
  const bundle = makeBundle(withShell);
  const first = background(['run', id], { ...SLOWLY, bundle, stdin: slave.number, wrapper: ON_TERMINAL });
  waitFor(id, 'running');
  screen.type('word=before; echo "do""ne"\n');
  screen.waitFor(/done\n/);
  const image = checkpoint(id);
  await first.done;
  const args = ['restore', '--image-path', image, id];
  const second = background(args, { ...SLOWLY, bundle, stdin: slave.number, wrapper: ON_TERMINAL });
  waitFor(id, 'running');
  screen.type('echo "$word" ; exit 7\n');
  screen.waitFor(/before\n/);
  t.equal((await second.done).status, 7);
  slave.close();
  screen.master.close();
});

// runc mounts a socket when the environment has one, and listens at none.
t.test('what the program says to systemd', only('trunc', 'perl'), async (t) => {
  using before = new Systemd();
  const go = '/tmp/go';
  const bundle = sender(['READY=1', 'STATUS=again'], (config) => {
    const wait = `${OWN_STREAMS}; until [ -e ${go} ]; do sleep 0.1; done; exec "$@"`;
    config.process.args = ['/bin/sh', '-c', wait, 'sh', ...config.process.args];
  });
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  const first = background(['run', id], { ...SLOWLY, bundle, env: before.env });
  waitFor(id, 'running');
  const image = checkpoint(id);
  await first.done;

  const silent = restore(t, { image, bundle });
  t.equal(state(silent)?.status, 'running', 'nobody need listen');
  succeed(['delete', '--force', silent]);

  using after = new Systemd();
  const args = ['restore', '--image-path', image, newId()];
  const second = background(args, { ...SLOWLY, bundle, env: after.env });
  writeFileSync(join(bundle, 'rootfs', go), '');
  t.equal(after.next(), `READY=1\nMAINPID=${second.child.pid}\n`);
  t.equal(after.next(), 'STATUS=again\n');
  t.equal((await second.done).status, 0);
});

t.test('states in which there is nothing to write', async (t) => {
  const asks = (id: string) => run(['checkpoint', '--image-path', newImage(), id], SLOWLY);
  const { id } = create(t);
  refused(t, asks(id), /cannot be checkpointed in created state/, 'created');
  t.match(state(id), { status: 'created' });
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  refused(t, asks(id), /cannot be checkpointed in stopped state/, 'stopped');
  refused(t, asks(newId()), /does not exist/, 'unknown');
});

t.test('a paused one', async (t) => {
  const { id, bundle } = counting(t);
  succeed(['pause', id]);
  const before = count(bundle);
  const image = checkpoint(id, ['--leave-running']);
  t.match(state(id), { status: 'paused' }, 'stays paused');
  succeed(['resume', id]);
  goesOn(t, bundle, before);
  succeed(['delete', '--force', id]);
  restore(t, { image, bundle });
  goesOn(t, bundle, before, 'the copy goes on');
});

t.test('what is no image', async (t) => {
  const bundle = makeBundle();
  refused(t, tryRestore(bundle, join(temp, 'missing')), /no such file/, 'nothing there');
  const empty = newImage();
  mkdirSync(empty);
  refused(t, tryRestore(bundle, empty), /descriptors\.json/, 'empty');
  writeFileSync(join(empty, 'descriptors.json'), '["/dev/null","/dev/null","/dev/null"]');
  const incomplete = tryRestore(bundle, empty);
  t.equal(incomplete.status, 1);
  if (runtime.kind === 'trunc')
    refused(t, incomplete, /^trunc: criu cannot restore the container: .*restore\.log/);
  rmSync(join(bundle, 'rootfs'), { recursive: true });
  const rootless = tryRestore(bundle, empty);
  t.equal(rootless.status, 1, 'no rootfs');
  if (runtime.kind === 'trunc') refused(t, rootless, /^trunc: root\.path: .*no such directory/);
  const { id, bundle: other } = counting(t);
  const broken = checkpoint(id);
  const pages = readdirSync(broken).find((name) => name.startsWith('core-1'));
  truncateSync(join(broken, pages ?? ''), 10);
  t.equal(tryRestore(other, broken).status, 1, 'cut off');
});

// runc has words of its own.
t.test('no criu', only('trunc'), async (t) => {
  const { id, bundle } = counting(t);
  const env = { PATH: '/nowhere' };
  const image = newImage();
  // By its full name, since PATH is for criu alone here.
  const wrapper = ['/usr/bin/env'];
  const missing = /^trunc: no criu in the PATH "\/nowhere" \(install the package criu, /;
  refused(t, run(['checkpoint', '--image-path', image, id], { env, wrapper }), missing);
  t.notOk(existsSync(image), 'nothing is made');
  goesOn(t, bundle, count(bundle));
  mkdirSync(image);
  writeFileSync(join(image, 'descriptors.json'), '[]');
  refused(t, run(['restore', '-d', '--image-path', image, newId()], { env, wrapper, bundle }), missing);
});

t.test('hooks', async (t) => {
  const log = join(temp, newId());
  const note = (kind: string) => shell(`printf '${kind} ' >>${log}; cat >>${log}; echo >>${log}`);
  const change: Change = (config) => {
    config.hooks = {
      prestart: [note('prestart')],
      createRuntime: [note('createRuntime')],
      poststart: [note('poststart')],
      poststop: [note('poststop')],
    };
  };
  const { id, bundle } = counting(t, change);
  const lines = () =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [kind, ...rest] = line.split(' ');
        const { status, pid } = JSON.parse(rest.join(' '));
        return { kind, status, pid };
      });
  const image = checkpoint(id);
  t.match(lines().at(-1), { kind: 'poststop', status: 'stopped' }, 'it is gone');
  rmSync(log);
  restore(t, { image, bundle, id });
  const { pid } = state(id) ?? {};
  const status = runtime.kind === 'trunc' ? 'creating' : /./;
  t.match(lines(), [
    { kind: 'prestart', status, pid },
    { kind: 'createRuntime', status, pid },
  ]);
  succeed(['delete', '--force', id]);
  const config = readConfig(bundle);
  config.hooks = { prestart: [shell('echo no >&2; exit 3')], poststop: [note('poststop')] };
  writeConfig(bundle, config);
  rmSync(log);
  const failed = tryRestore(bundle, image);
  t.equal(failed.status, 1);
  if (runtime.kind === 'trunc') {
    refused(t, failed, /hooks\.prestart\[0\]: \/bin\/sh: exit status 3: no/);
    t.match(lines(), [{ kind: 'poststop', status: 'stopped' }]);
  }
});

t.test('the systemd driver', only('trunc', 'systemd'), async (t) => {
  const name = newId().replaceAll('-', '_');
  const globals = ['--systemd-cgroup'];
  const change: Change = (config) => {
    config.linux.cgroupsPath = `system.slice:criu:${name}`;
    config.linux.resources = { pids: { limit: 40 } };
  };
  const { id, bundle } = counting(t, change, ':', { globals });
  const image = checkpoint(id, [], { globals });
  const before = count(bundle);
  restore(t, { image, bundle, id }, { globals });
  goesOn(t, bundle, before);
  const scope = `/sys/fs/cgroup/system.slice/criu-${name}.scope`;
  t.match(readFileSync(join(scope, 'cgroup.procs'), 'utf8'), `${state(id)?.pid}\n`);
  t.equal(readFileSync(join(scope, 'pids.max'), 'utf8'), '40\n');
});

t.test('nothing left', nothingLeft);
