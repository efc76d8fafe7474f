// sd_notify(3): the program says when it is ready, and the runtime says so to systemd, which the test is here.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBundle, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { Systemd, sender } from '../helpers/notify.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, isOldRunc, nothingLeft, run, runtime, state, succeed } from '../helpers/runtime.ts';
import { newId, root, sleep, temp } from '../helpers/sandbox.ts';

suite('root', 'perl');

/** As runc does since 1.2. */
const hasBarrier = !isOldRunc;

/** crun does not say which process is ready. */
const tells = only(['trunc', 'runc']);

function created(t: Test, bundle: string, env: Record<string, string>): { id: string; pid: number } {
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['create', id], { bundle, env });
  return { id, pid: state(id)?.pid as number };
}

t.test('start returns when the program is ready, and tells its pid', tells, async (t) => {
  using systemd = new Systemd();
  const bundle = sender(['/tmp/go', 'READY=1', '1000']);
  const { id, pid } = created(t, bundle, systemd.env);
  const { child, done } = background(['start', id], { env: systemd.env });
  t.ok(systemd.isQuiet, 'not before that');
  const isThere = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8') !== '';
  t.ok(isThere(), 'start waits');
  writeFileSync(join(bundle, 'rootfs/tmp/go'), '');
  t.same(
    systemd
      .until(/MAINPID/)
      .trim()
      .split('\n')
      .sort(),
    [`MAINPID=${pid}`, 'READY=1'],
  );
  if (hasBarrier) {
    sleep(300);
    t.ok(isThere(), 'it waits until systemd has read it');
    t.equal(systemd.next(), 'BARRIER=1');
  }
  t.match(await done, { status: 0, stderr: '' });
  t.equal(state(id)?.status, 'running');
});

t.test('run --detach', tells, async (t) => {
  using systemd = new Systemd();
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  const { done } = background(['run', '--detach', id], {
    bundle: sender(['READY=1', '1000']),
    env: systemd.env,
  });
  const said = systemd.until(/MAINPID/);
  t.match(said, new RegExp(`^MAINPID=${state(id)?.pid}$`, 'm'));
  t.match(said, /^READY=1$/m);
  if (hasBarrier) t.equal(systemd.next(), 'BARRIER=1');
  t.equal((await done).status, 0);
});

t.test('READY=1 need not stand first, and status is passed on', only('trunc'), async (t) => {
  // runc looks at the first line of a datagram alone, and passes on nothing else.
  using systemd = new Systemd();
  const messages = ['STATUS=half', 'MAINPID=1\nFDSTORE=1', 'STATUS=done\nREADY=1\nMAINPID=1', '1000'];
  const { id, pid } = created(t, sender(messages), systemd.env);
  const { done } = background(['start', id], { env: systemd.env });
  t.equal(systemd.next(), 'STATUS=half\n');
  t.equal(systemd.next(), `STATUS=done\nREADY=1\nMAINPID=${pid}\n`, 'nothing of pids inside');
  t.equal(systemd.next(), 'BARRIER=1');
  t.equal((await done).status, 0);
});

// runc 1.1.5 passes on READY=1, and no more.
t.test('run in the foreground passes on all of it', only('trunc'), async (t) => {
  using systemd = new Systemd();
  const bundle = sender(['READY=1', '0.2', 'WATCHDOG=1', 'STOPPING=1\nSTATUS=bye']);
  const { child, done } = background(['run', newId()], { bundle, env: systemd.env });
  // The wrapper of tests executes the runtime in its own place.
  t.equal(systemd.next(), `READY=1\nMAINPID=${child.pid}\n`, 'the main process is the one in the foreground');
  t.equal(systemd.next(), 'WATCHDOG=1\n');
  t.equal(systemd.next(), 'STOPPING=1\nSTATUS=bye\n');
  t.match(await done, { status: 0, stderr: '' });
  t.ok(systemd.isQuiet, 'no barrier');
});

t.test('a program that ends without a word', async (t) => {
  using systemd = new Systemd();
  const { id } = created(t, sender(['0.3']), systemd.env);
  t.equal(run(['start', id], { env: systemd.env }).status, 0);
  t.ok(systemd.isQuiet);
  succeed(['delete', id]);
  t.notOk(existsSync(join(root, id)), 'nothing is left of it');
});

t.test('another user, in a user namespace', tells, async (t) => {
  using systemd = new Systemd();
  const bundle = sender(['READY=1', '1000'], (config) => {
    withUserNamespace(config);
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.capabilities = {};
  });
  const { id } = created(t, bundle, systemd.env);
  const { done } = background(['start', id], { env: systemd.env });
  t.match(systemd.until(/MAINPID/), /^READY=1$/m);
  if (hasBarrier) systemd.next();
  t.equal((await done).status, 0);
});

t.test('what is in the container', tells, async (t) => {
  using systemd = new Systemd();
  const { id, pid } = created(t, sender(['0.2', 'READY=1', '1000']), systemd.env);
  t.match(
    succeed(['exec', id, '/bin/sh', '-c', 'grep " /run/notify " /proc/self/mountinfo']).stdout,
    / ro,nosuid,nodev,noexec/,
  );
  const { done } = background(['start', id], { env: systemd.env });
  systemd.until(runtime.kind === 'trunc' ? /BARRIER/ : /MAINPID/);
  await done;
  const socket = statSync(`/proc/${pid}/root/run/notify/notify.sock`);
  t.equal(socket.mode & 0o7777, 0o777);
  const { stdout } = succeed(['exec', id, '/bin/sh', '-c', 'env']);
  t.notMatch(stdout, /NOTIFY_SOCKET/, 'programs that exec adds have nothing to say');
});

t.test('without it nothing is there', async (t) => {
  const { id } = created(t, sender(['1000']), {});
  succeed(['start', id]);
  t.notMatch(
    succeed(['exec', id, '/bin/sh', '-c', 'cat /proc/1/environ /proc/self/mountinfo']).stdout,
    /NOTIFY_SOCKET|run.notify /,
  );
});

// runc fails to start a container that was created without the socket.
t.test('mistakes', only('trunc'), async (t) => {
  using systemd = new Systemd();
  const plain = created(t, sender(['1000']), {});
  const late = run(['start', plain.id], { env: systemd.env });
  t.equal(late.status, 0);
  t.match(
    late.stderr,
    /level=warning msg="\$NOTIFY_SOCKET has no effect: the container was created without it"\n$/,
  );

  const bare = created(
    t,
    makeBundle((config) => {
      withoutNamespace(config, 'mount');
      config.mounts = [];
      config.process.args = ['/bin/sleep', '1000'];
    }),
    systemd.env,
  );
  const useless = run(['start', bare.id], { env: systemd.env });
  t.match(useless, {
    status: 0,
    stderr: /has no effect: without a mount namespace there is no place for it/,
  });

  const nobody = { NOTIFY_SOCKET: join(temp, 'nobody') };
  const { id } = created(t, sender(['1000']), nobody);
  const { status, stderr } = run(['start', id], { env: nobody });
  t.equal(status, 1);
  t.match(stderr, /^trunc: \$NOTIFY_SOCKET: connect to .*nobody: .*no such file or directory\n$/);
  t.equal(state(id)?.status, 'created', 'the program has not run');
});

t.test('nothing is left', nothingLeft);
