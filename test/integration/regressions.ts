// Mistakes of ours that no feature's own test had seen, each with what it did.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  type Config,
  makeBundle,
  readConfig,
  withoutNamespace,
  withUserNamespace,
} from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  attempt,
  background,
  create,
  inside,
  nothingLeft,
  run,
  running,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { newId, sleep, temp } from '../helpers/sandbox.ts';

suite('root');

// crun 1.8 fails.
t.test(
  'a propagation that is not recursive keeps mounts in the container',
  only(['trunc', 'runc']),
  async (t) => {
    const wrapper = ['unshare', '-m', '--propagation', 'private', 'sh', '-c'];
    const script = `mount -t tmpfs t ${temp}/shared; mount --make-shared ${temp}/shared; mkdir ${temp}/shared/b
    cp -a $BUNDLE/. ${temp}/shared/b; before=$(wc -l < /proc/self/mountinfo)
    "$@" --bundle ${temp}/shared/b; status=$?; echo $status $before $(wc -l < /proc/self/mountinfo)`;
    mkdirSync(`${temp}/shared`);
    for (const propagation of ['slave', 'private', 'unbindable', 'shared']) {
      const bundle = makeBundle((config) => {
        config.linux.rootfsPropagation = propagation;
      });
      const options = { wrapper: [...wrapper, script, 'sh'], env: { BUNDLE: bundle, PATH: '/usr/bin:/bin' } };
      const [status, before, after] = run(['run', newId()], options).stdout.trim().split(' ');
      t.same([status, after], ['0', before], propagation);
    }
  },
);

// runc wants a null device there.
t.test('a bound /dev is left alone, however it is spelled', only('trunc'), async (t) => {
  const dev = join(temp, 'their-dev');
  mkdirSync(dev);
  writeFileSync(join(dev, 'ptmx'), 'theirs');
  const result = attempt((config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    config.mounts.push({ destination: '/dev/', type: 'bind', source: dev, options: ['rbind'] });
  }, 'true');
  t.equal(result.status, 0, result.stderr);
  t.same(readdirSync(dev), ['ptmx']);
  t.equal(readFileSync(join(dev, 'ptmx'), 'utf8'), 'theirs');
});

// The log of crun has another form.
t.test('what init warns of is in the log of the caller', only(['trunc', 'runc']), async (t) => {
  const log = join(temp, 'init.log');
  const change = (config: { process: { capabilities: unknown } }) => {
    config.process.capabilities = { bounding: ['CAP_FLY'] };
  };
  const { status, stderr } = attempt(change as never, 'true', { globals: ['--log', log] });
  t.same([status, stderr], [0, '']);
  t.match(readFileSync(log, 'utf8'), /level=warning msg=".*CAP_FLY/);
});

// runc deletes whatever has the ID.
t.test('a foreground run leaves alone who has its ID by then', only('trunc'), async (t) => {
  const id = newId();
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sleep', '1000'];
    withoutNamespace(config, 'pid');
  });
  const first = background(['run', id], { bundle });
  waitFor(id, 'running');
  first.child.kill('SIGSTOP');
  succeed(['delete', '--force', id]);
  succeed(['run', '--detach', id], { bundle });
  first.child.kill('SIGCONT');
  await first.done;
  t.equal(state(id)?.status, 'running');
  succeed(['delete', '--force', id]);
});

// runc leaves a directory at some of them.
t.test('a signal at any moment of run leaves no container without its run', only('trunc'), async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sleep', '1000'];
    withoutNamespace(config, 'pid');
  });
  for (const delay of [8, 12, 16, 20, 25, 30, 40]) {
    const id = newId();
    const { child, done } = background(['run', id], { bundle });
    sleep(delay);
    child.kill('SIGTERM');
    await done;
    t.equal(state(id), undefined, `after ${delay} ms`);
  }
});

t.test('TERM ends a created container', only(['trunc', 'runc']), async (t) => {
  const { id } = create(t);
  succeed(['kill', id, 'TERM']);
  waitFor(id, 'stopped');
});

t.test('KILL ends a paused container', only(['trunc', 'runc']), async (t) => {
  const { id, bundle } = running(t);
  const freezer = `/sys/fs/cgroup/freezer${readConfig(bundle).linux.cgroupsPath}/freezer.state`;
  if (!existsSync(freezer)) return;
  writeFileSync(freezer, 'FROZEN');
  waitFor(id, 'paused');
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
});

// To runc 1.3.6 its own links are.
t.test('the device binds of an earlier container on the same rootfs', only(['trunc', 'crun']), async (t) => {
  const bundle = makeBundle((config) => {
    withUserNamespace(config, 0);
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  });
  for (const time of ['first', 'second']) {
    const { status, stderr } = run(['run', newId()], { bundle });
    t.equal(status, 0, `${time}: ${stderr}`);
  }
});

t.test('flags of mount(2) on a bind mount', async (t) => {
  const options = ['rbind', 'async', 'nomand', 'nolazytime'];
  const script = 'test -e /mnt/bundle-probe && echo yes';
  writeFileSync(join(temp, 'bundle-probe'), '');
  const change = (config: { mounts: unknown[] }) => {
    config.mounts.push({ destination: '/mnt', type: 'bind', source: temp, options });
  };
  t.equal(inside(change as never, script), 'yes');
});

// runc needs more.
t.test('a few descriptors are enough to wait for start', only('trunc'), async (t) => {
  const { id } = create(t, (config) => {
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 3, hard: 3 }];
    config.process.args = ['/bin/busybox', 'true'];
  });
  succeed(['start', id]);
  waitFor(id, 'stopped');
});

// runc says no more than "no such file or directory", and exits with 1.
t.test('execve that fails says what of', only('trunc'), async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/script'];
  });
  writeFileSync(join(bundle, 'rootfs/script'), '#!/no/such/interpreter\n', { mode: 0o755 });
  const { status, stderr } = run(['run', newId()], { bundle });
  t.equal(status, 255);
  t.match(
    stderr,
    /^trunc run failed: exec \/script: no such file or directory: its interpreter "\/no\/such\/interpreter" is not there \(.*\)\n$/,
  );
});

t.test('the session keyring is the container’s own', only(['trunc', 'runc']), async (t) => {
  if (!existsSync('/proc/keys')) return;
  t.match(
    inside(() => {}, 'cat /proc/keys'),
    /keyring +_ses\./,
  );
});

// An image can have /proc/self/exe, or a link to it, executed, and its own loader with it (CVE-2019-5736). While the file
// is in use nobody can write to it, so the mount is asked. crun runs a copy instead.
t.test('a container cannot write to the file of the runtime', only('trunc'), (t) => {
  const user = (config: Config) => withUserNamespace(config);
  for (const change of [undefined, user]) {
    const { pid } = create(t, change);
    t.throws(() => accessSync(`/proc/${pid}/exe`, constants.W_OK), { code: 'EROFS' });
  }
  t.end();
});

t.test('nothing is left', nothingLeft);
