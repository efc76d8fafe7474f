import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Mount, makeBundle } from '../helpers/bundle.ts';
import { hostDir, info, inMounts, mount } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

suite('root');

t.test('proc, sysfs, devpts and tmpfs with their options', async (t) => {
  t.match(
    inside(() => {}, info('/proc')),
    /^rw,\S* - proc proc rw/,
  );
  t.match(
    inside(() => {}, info('/sys')),
    /^ro,nosuid,nodev,noexec,\S* - sysfs /,
  );
  t.match(
    inside(() => {}, info('/dev/pts')),
    /^rw,nosuid,noexec,\S* - devpts devpts .*mode=620,ptmxmode=666/,
  );
  const tmpfs = mount({
    destination: '/mnt/t',
    type: 'tmpfs',
    source: 'named',
    options: ['noexec', 'nodev', 'noatime', 'size=1m', 'mode=1750', 'nr_inodes=50'],
  });
  const seen = inside(tmpfs, `${info('/mnt/t')}; stat -c %a /mnt/t; df -k /mnt/t | tail -n 1`);
  t.match(
    seen,
    /^rw,nodev,noexec,noatime - tmpfs named rw,size=1024k,nr_inodes=50,mode=1750\S*\n1750\nnamed +1024 /,
  );
});

t.test('bind mounts', async (t) => {
  const source = hostDir();
  const bind = (options: string[], destination = '/data') =>
    mount({ destination, type: 'bind', source, options });
  const script = 'cat /data/file; touch /data/new 2>/dev/null && echo writable || echo read-only';
  t.equal(inside(bind(['bind']), script), 'from the host\nwritable');
  t.ok(readdirSync(source).includes('new'));
  t.equal(inside(bind(['bind', 'ro']), script), 'from the host\nread-only');
  t.match(
    inside(bind(['bind', 'ro', 'nosuid', 'nodev', 'noexec']), info('/data')),
    /^ro,nosuid,nodev,noexec/,
  );
  t.match(
    inside(mount({ destination: '/data', source, options: ['bind'] }), 'cat /data/file'),
    /host/,
    'without a type',
  );
});

t.test('a file onto a file that is not there yet', async (t) => {
  const source = join(hostDir(), 'file');
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/cat', '/etc/deep/er/file'];
    config.mounts.push({ destination: '/etc/deep/er/file', type: 'bind', source, options: ['bind'] });
  });
  t.equal(
    inside(() => {}, [], { bundle }),
    'from the host',
  );
  t.equal(readFileSync(join(bundle, 'rootfs/etc/deep/er/file'), 'utf8'), '', 'the target was made, empty');
});

t.test('bind takes one mount, rbind those below it', async (t) => {
  const source = hostDir();
  const below = join(source, 'below');
  mkdirSync(below);
  const wrapper = inMounts(`mount -t tmpfs x ${below}; echo 1 > ${below}/one`);
  const list = (type: string) =>
    inside(mount({ destination: '/data', type: 'none', source, options: [type] }), 'ls /data/below', {
      wrapper,
    });
  t.equal(list('bind'), '');
  t.equal(list('rbind'), 'one');
});

t.test('a relative source is relative to the bundle', only(['trunc', 'runc']), async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/cat', '/data'];
    config.mounts.push({ destination: '/data', type: 'bind', source: 'local', options: ['bind'] });
  });
  writeFileSync(join(bundle, 'local'), 'in the bundle\n');
  t.equal(
    inside(() => {}, [], { bundle, cwd: '/' }),
    'in the bundle',
  );
});

t.test('a relative destination is meant from /', async (t) => {
  t.match(
    inside(mount({ destination: 'rel/ative', type: 'tmpfs', source: 'x' }), info('/rel/ative')),
    / - tmpfs x /,
  );
});

t.test('propagation', async (t) => {
  const source = hostDir();
  // Seen with a shared source only; the runtime must not turn the caller's mounts.
  const wrapper = inMounts(`mount --bind ${source} ${source}`, 'shared');
  const seen = (propagation: string) =>
    inside(
      (config) => {
        config.linux.rootfsPropagation = 'shared';
        config.mounts.push({ destination: '/data', source, options: ['bind', propagation] });
      },
      info('/data'),
      { wrapper },
    ).replace(/^\S+ /, '');
  t.match(seen('shared'), /^shared:\d+ - /);
  t.match(seen('rshared'), /^shared:\d+ - /);
  if (runtime.kind === 'crun') return; // with a shared root everything stays shared
  t.match(seen('slave'), /^master:\d+ - /);
  t.match(seen('rslave'), /^master:\d+ - /);
  t.match(seen('private'), /^- /);
  t.match(seen('rprivate'), /^- /);
  t.match(seen('unbindable'), /^unbindable - /);
  t.match(seen('runbindable'), /^unbindable - /);
});

t.test('the order is that of the list', async (t) => {
  const a = { destination: '/m', type: 'tmpfs', source: 'first' };
  const b = { destination: '/m/sub', type: 'tmpfs', source: 'second' };
  t.equal(inside(mount(a, b), 'ls /m; grep -c " /m" /proc/self/mountinfo'), 'sub\n2', 'one in another');
  const hidden = inside(mount(b, a), 'ls /m; grep " /m" /proc/self/mountinfo | tail -n 1');
  t.match(hidden, / \/m .* first /, 'one over another');
});

t.test('mounts over mounts of a new /dev', async (t) => {
  const shm = { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['mode=1777', 'size=64k'] };
  const mqueue = { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid'] };
  t.match(
    inside(mount(shm, mqueue), `${info('/dev/shm')}; ${info('/dev/mqueue')}`),
    /size=64k.*\n.* - mqueue mqueue/,
  );
});

// crun makes no target behind a link to nothing.
t.test('a destination behind a symbolic link stays inside the rootfs', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  const outside = hostDir();
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'cat /link/file; cat /up/file'];
    config.mounts.push({ destination: '/link', source, options: ['bind'] });
    config.mounts.push({ destination: '/up', source, options: ['bind'] });
  });
  symlinkSync(outside, join(bundle, 'rootfs/link'));
  symlinkSync('../../../../../../../tmp/made', join(bundle, 'rootfs/up'));
  t.equal(
    inside(() => {}, [], { bundle }),
    'from the host\nfrom the host',
  );
  t.same(readdirSync(outside), ['file'], 'nothing was made where the link seems to lead');
  t.ok(readdirSync(join(bundle, 'rootfs', outside)), 'but in the rootfs');
  t.ok(readdirSync(join(bundle, 'rootfs/tmp')).includes('made'));
});

t.test('remount, and options that only clear a flag', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  const wrapper = inMounts(`mount -t tmpfs -o noexec,nodev x ${source}`);
  const bind = (...options: string[]) =>
    inside(mount({ destination: '/data', source, options: ['bind', ...options] }), info('/data'), {
      wrapper,
    });
  t.match(bind(), /^rw,nodev,noexec/, 'a bind mount keeps the flags of its source');
  if (runtime.kind === 'trunc') t.match(bind('exec'), /^rw,nodev,relatime/, 'unless told otherwise');
});

t.test('a source, type or option that is not there', async (t) => {
  const refuse = (entry: Mount, text: RegExp, message: string) =>
    refused(t, attempt(mount(entry), 'true'), text, message);
  refuse({ destination: '/x', source: '/no/such', options: ['bind'] }, /no such file or directory/, 'source');
  refuse({ destination: '/x', type: 'nofs', source: 'x' }, /no such device/, 'type');
  refuse(
    { destination: '/x', type: 'tmpfs', source: 'x', options: ['nonsense=1'] },
    /invalid argument/,
    'option',
  );
  if (runtime.kind === 'crun') return; // mounts it
  refuse({ destination: '/proc/self', type: 'tmpfs', source: 'x' }, /proc/, 'below /proc');
});

t.test('the caller sees none of it', async (t) => {
  // In mounts of the test's own: on the host, other tests and runtimes mount too.
  const look = '$(cat /proc/self/mountinfo)';
  const script = `before="${look}"; "$@"; [ "$before" = "${look}" ] && echo the same`;
  const wrapper = inMounts(script, 'shared');
  t.equal(
    inside(mount({ destination: '/m', type: 'tmpfs', source: 'first' }), 'true', { wrapper }),
    'the same',
  );
});

t.test('nothing is left', nothingLeft);
