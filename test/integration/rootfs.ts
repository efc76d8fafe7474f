import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle, readConfig, withoutNamespace, writeConfig } from '../helpers/bundle.ts';
import { inMounts } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { newId, tag, temp } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};

t.test('root.readonly', async (t) => {
  const readonly: Change = (config) => {
    config.root.readonly = true;
  };
  const script =
    'touch /x 2>&1; touch /dev/x && echo /dev is writable; grep " / / " /proc/self/mountinfo | wc -l';
  t.match(inside(readonly, script), /Read-only file system\n\/dev is writable/);
  t.match(inside(readonly, 'grep " / " /proc/self/mountinfo'), / \/ ro,/);
  t.match(inside(same, 'touch /x && ls /x'), /^\/x$/);
});

t.test('maskedPaths', async (t) => {
  const seen = inside((config) => {
    config.linux.maskedPaths = ['/proc/version', '/sys/kernel', '/no/such', '/etc/passwd'];
  }, 'wc -c < /proc/version; ls /sys/kernel; touch /sys/kernel/x 2>&1; wc -c < /etc/passwd; echo x >> /etc/passwd; wc -c < /etc/passwd');
  t.match(seen, /^0\n.*Read-only file system\n0\n0$/);
});

t.test('readonlyPaths', async (t) => {
  const seen = inside((config) => {
    config.linux.readonlyPaths = ['/proc/sys', '/etc', '/no/such', '/bin/busybox'];
  }, 'for f in /proc/sys/kernel/domainname /etc/new /bin/busybox; do echo x > $f || true; done; touch /tmp/y && echo /tmp is writable; cat /etc/group | head -n 1');
  const { stderr } = attempt((config) => {
    config.linux.readonlyPaths = ['/proc/sys', '/etc', '/no/such'];
  }, 'echo x > /proc/sys/kernel/domainname; echo x > /etc/new');
  t.equal(stderr.match(/Read-only file system/g)?.length, 2);
  t.equal(seen, '/tmp is writable\nroot:x:0:');
});

t.test('readonlyPaths keep the flags of a mount', only(['trunc', 'runc']), async (t) => {
  const seen = inside((config) => {
    config.mounts.push({ destination: '/m', type: 'tmpfs', source: 'm', options: ['nosuid', 'noexec'] });
    config.linux.readonlyPaths = ['/m'];
  }, 'grep " /m " /proc/self/mountinfo | tail -n 1');
  t.match(seen, / ro,nosuid,noexec/);
});

t.test('the old root is gone', async (t) => {
  for (const flags of [[], ['--no-pivot']]) {
    const name = flags.join() || 'pivot_root';
    const seen = inside(same, 'ls /; ls -d /work /usr 2>/dev/null; ls /..', { flags });
    const top = 'bin dev etc proc root sys tmp'.split(' ');
    t.same(seen.split('\n'), [...top, ...top], name);
  }
  const points = inside(same, 'cut -d" " -f5 /proc/self/mountinfo').split('\n');
  t.equal(points[0], '/');
  t.same(
    points.filter((point) => !/^\/(|dev|dev\/pts|proc|sys)$/.test(point)),
    [],
    'no mount of the host is there',
  );
});

t.test('pid 1 cannot see the host through /proc/1/root', async (t) => {
  t.equal(
    inside(same, 'readlink /proc/1/root; readlink /proc/1/cwd; ls /proc/1/cwd/..| head -n 1'),
    '/\n/\nbin',
  );
});

t.test('root.path', async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/cat', '/marker'];
  });
  const elsewhere = join(temp, newId());
  renameSync(join(bundle, 'rootfs'), elsewhere);
  writeFileSync(join(elsewhere, 'marker'), 'here\n');
  const config = readConfig(bundle);
  const withPath = (path: string) => {
    writeConfig(bundle, { ...config, root: { path } });
    return attempt(same, [], { bundle, cwd: '/' });
  };
  t.equal(withPath(elsewhere).stdout, 'here\n', 'absolute');
  t.equal(withPath(`../${elsewhere.split('/').pop()}`).stdout, 'here\n', 'relative to the bundle');
  refused(t, withPath('nowhere'), /no such file|does not exist|root/, 'missing');
  writeFileSync(join(bundle, 'file'), '');
  refused(t, withPath('file'), /not a directory|directory/, 'a file');
  mkdirSync(join(bundle, 'empty'));
  refused(t, withPath('empty'), /no such file or directory/, 'without the program');
  symlinkSync(elsewhere, join(bundle, 'link'));
  if (runtime.kind !== 'crun')
    refused(t, withPath('link'), /must not be a symlink|or a symlink/, 'a symlink');
});

// crun makes one all the same.
t.test('root.path without a mount namespace', only(['trunc', 'runc']), async (t) => {
  const bundle = makeBundle((config) => {
    withoutNamespace(config, 'mount');
    config.mounts = [];
    config.root.path = 'nowhere';
  });
  refused(t, attempt(same, [], { bundle }), /root\.path: \/.*nowhere: no such directory|invalid rootfs/);
});

t.test('the bundle may lie behind a symbolic link', async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/echo', 'ran'];
  });
  const link = join(temp, newId());
  symlinkSync(bundle, link);
  t.equal(inside(same, [], { bundle: link }), 'ran');
});

// crun 1.8 makes a slave private.
t.test('rootfsPropagation', only(['trunc', 'runc']), async (t) => {
  const wrapper = inMounts(':', 'shared');
  const seen = (propagation?: string) =>
    inside(
      (config) => {
        if (propagation) config.linux.rootfsPropagation = propagation;
      },
      'grep -E "^([^ ]+ ){4}/ " /proc/self/mountinfo | cut -d" " -f7-',
      { wrapper },
    );
  for (const r of ['', 'r']) {
    t.match(seen(`${r}private`), /^- /, `${r}private`);
    // runc 1.1.5 sets it before pivot_root, which undoes it, or then cannot bind it any more; 1.3.6 makes a slave private.
    if (runtime.kind === 'runc') continue;
    t.match(seen(`${r}slave`), /^master:\d+ - /, `${r}slave`);
    t.match(seen(`${r}shared`), /^shared:\d+ /, `${r}shared`);
    t.match(seen(`${r}unbindable`), /^unbindable - /, `${r}unbindable`);
  }
});

t.test('what the container mounts does not come out', async (t) => {
  const wrapper = inMounts('"$@"; cat /proc/self/mountinfo >&2', 'shared');
  const { stderr, status } = attempt(
    (config) => {
      const all = ['CAP_SYS_ADMIN'];
      config.process.capabilities = { bounding: all, effective: all, permitted: all };
    },
    'mount -t tmpfs leak /tmp',
    { wrapper },
  );
  t.equal(status, 0);
  t.notMatch(stderr, / - tmpfs leak /);
  t.notMatch(stderr, tag);
});

// runc 1.1.5 unmounts what the caller has mounted.
t.test('--no-pivot with a shared root changes nothing for the caller', only('trunc'), async (t) => {
  const list = 'cut -d" " -f4- /proc/self/mountinfo >&2; echo . >&2';
  for (const propagation of ['shared', 'rshared']) {
    const bundle = makeBundle((config) => {
      config.linux.rootfsPropagation = propagation;
    });
    // As engines have it: the rootfs is a mount, and its parent stays what it is.
    const rootfs = join(bundle, 'rootfs');
    const script = `mount --bind ${rootfs} ${rootfs}; ${list}; "$@"; ${list}`;
    const { output } = create(t, same, ['--no-pivot'], { bundle, wrapper: inMounts(script, 'shared') });
    const [before, after] = output.stderr.split('.\n');
    t.equal(after, before, propagation);
  }
});

t.test('--no-pivot with a private root is refused', only(['trunc', 'runc']), async (t) => {
  const result = attempt(
    (config) => {
      config.linux.rootfsPropagation = 'private';
    },
    'true',
    { flags: ['--no-pivot'] },
  );
  refused(t, result, /no.?pivot|pivot_root/i);
});

t.test('nothing is left', nothingLeft);
