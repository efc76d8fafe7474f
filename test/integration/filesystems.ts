import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Change, makeBundle, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { all, hostDir, info, inMounts, mount } from '../helpers/mounts.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { newId, tag, temp, until } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};
const mapped: Change = (config) => withUserNamespace(config);

t.test('mqueue, shm, ramfs and devpts', async (t) => {
  const seen = inside(
    mount(
      {
        destination: '/dev/mqueue',
        type: 'mqueue',
        source: 'mqueue',
        options: ['nosuid', 'noexec', 'nodev'],
      },
      {
        destination: '/dev/shm',
        type: 'tmpfs',
        source: 'shm',
        options: ['nosuid', 'mode=1777', 'size=65536k'],
      },
      { destination: '/ram', type: 'ramfs', source: 'ram', options: ['noexec'] },
      {
        destination: '/pts',
        type: 'devpts',
        source: 'pts',
        options: ['newinstance', 'ptmxmode=0600', 'mode=0640', 'gid=5'],
      },
    ),
    `for p in /dev/mqueue /dev/shm /ram /pts; do ${info('$p')}; done; stat -c %a /dev/shm /pts/ptmx; touch /ram/x /dev/mqueue/q`,
  ).split('\n');
  t.match(seen[0], /^rw,nosuid,nodev,noexec\S* - mqueue mqueue rw/);
  t.match(seen[1], /^rw,nosuid\S* - tmpfs shm rw,size=65536k/);
  t.match(seen[2], /^rw,noexec\S* - ramfs ram rw/);
  t.match(seen[3], /- devpts pts rw,gid=5,mode=640,ptmxmode=600/);
  t.same(seen.slice(4), ['1777', '600']);
});

t.test('two containers share no devpts, mqueue or procfs', async (t) => {
  const seen = inside(
    mount({ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue' }),
    'ls /dev/pts; ls -A /dev/mqueue; set -- /proc/[0-9]*; echo $#',
  );
  t.equal(seen, 'ptmx\n1');
});

// runc names neither the option nor the reason.
t.test('gid=5 where 5 is nobody', only('trunc'), async (t) => {
  const five = mount({
    destination: '/pts',
    type: 'devpts',
    source: 'pts',
    options: ['newinstance', 'gid=5'],
  });
  const few: Change = (config) => withUserNamespace(config, 100_000, 3);
  refused(
    t,
    attempt(all(few, five), 'true'),
    /mounts\[4\]\.options\[1\].*gid=5 is not mapped by linux\.gidMappings/,
  );
  const there = mount({
    destination: '/dev/p',
    type: 'devpts',
    source: 'pts',
    options: ['newinstance', 'gid=5'],
  });
  t.match(inside(all(mapped, there), info('/dev/p')), /- devpts pts rw,gid=100005|gid=5/);
});

t.test('overlay', only(['trunc', 'runc'], 'overlay'), async (t) => {
  const dir = join(temp, newId());
  for (const name of ['lower1', 'lower2', 'up']) mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, 'lower1/a'), 'one\n');
  writeFileSync(join(dir, 'lower2/a'), 'two\n');
  writeFileSync(join(dir, 'lower2/b'), 'two\n');
  const wrapper = inMounts(`mount -t tmpfs x ${dir}/up; mkdir ${dir}/up/upper ${dir}/up/work`);
  const overlay = (...options: string[]) =>
    mount({ destination: '/o', type: 'overlay', source: 'overlay', options });
  const lower = `lowerdir=${dir}/lower1:${dir}/lower2`;
  const writable = overlay(lower, `upperdir=${dir}/up/upper`, `workdir=${dir}/up/work`);
  t.equal(inside(writable, 'cat /o/a /o/b; echo new > /o/b; cat /o/b', { wrapper }), 'one\ntwo\nnew');
  t.equal(
    inside(overlay(lower), 'cat /o/a /o/b; touch /o/x 2>/dev/null || echo read-only'),
    'one\ntwo\nread-only',
  );
  t.equal(readFileSync(join(dir, 'lower2/b'), 'utf8'), 'two\n');
});

t.test('an overlay of more layers than the kernel takes in one piece', requires('overlay'), async (t) => {
  const dir = join(temp, newId());
  const layers = Array.from({ length: 30 }, (_, index) =>
    join(dir, `layer-${index}${index === 7 ? ':\\' : ''}`),
  );
  for (const [index, layer] of layers.entries()) {
    mkdirSync(layer, { recursive: true });
    writeFileSync(join(layer, `file${index}`), '');
    writeFileSync(join(layer, 'top'), `${index}\n`);
  }
  const lowerdir = layers.map((layer) => layer.replaceAll(/[\\:]/g, '\\$&')).join(':');
  const options = [`lowerdir=${lowerdir}`];
  const overlay = mount({ destination: '/o', type: 'overlay', source: 'overlay', options });
  t.equal(inside(overlay, 'cat /o/top; ls /o | wc -l; ls /o/file7'), '0\n31\n/o/file7');
});

// mount(2), by which runc 1.1.5 mounts, knows no such limit.
t.test('an option that is too long', only('trunc'), async (t) => {
  const options = [`size=${'1'.repeat(300)}`];
  const change = mount({ destination: '/m', type: 'tmpfs', source: 'm', options });
  refused(
    t,
    attempt(change, 'true'),
    /mounts\[4\]: mount tmpfs on \/m: option "size": 300 bytes, and the kernel takes 255/,
  );
});

t.test('type none is that of a bind', async (t) => {
  const source = hostDir();
  t.equal(
    inside(mount({ destination: '/d', type: 'none', source, options: ['bind'] }), 'cat /d/file'),
    'from the host',
  );
  refused(
    t,
    attempt(mount({ destination: '/d', type: 'none', source: 'none' }), 'true'),
    /mounts\[4\]\.type: none is no filesystem|no such device/,
  );
});

// runc says what errno says.
t.test('a failure of a filesystem in its own words', only('trunc'), async (t) => {
  const file = join(hostDir(), 'file');
  const ext4 = mount({ destination: '/m', type: 'ext4', source: file });
  refused(t, attempt(ext4, 'true'), /mounts\[4\]: mount ext4 on \/m: .*block device/);
  const overlay = mount({ destination: '/m', type: 'overlay', source: 'x', options: ['lowerdir=/no/such'] });
  refused(t, attempt(overlay, 'true'), /mounts\[4\]: mount overlay on \/m: .*\/no\/such/);
  const pstore = mount({ destination: '/m', type: 'efivarfs', source: 'x' });
  refused(t, attempt(pstore, 'true'), /mounts\[4\]: mount efivarfs on \/m: .*(no such device|not supported)/);
});

t.test('a file where a directory has to be', async (t) => {
  const change = mount({ destination: '/etc/passwd', type: 'tmpfs', source: 'x' });
  refused(t, attempt(change, 'true'), /not a directory/);
  const file = mount({ destination: '/etc', source: join(hostDir(), 'file'), options: ['bind'] });
  refused(t, attempt(file, 'true'), /not a directory/);
});

for (const path of ['proc', 'sys']) {
  t.test(`a symlink in the place of /${path}`, only(['trunc', 'runc']), async (t) => {
    const bundle = makeBundle((config) => {
      config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys' || path === 'sys');
    });
    const rootfs = join(bundle, 'rootfs');
    mkdirSync(join(rootfs, 'elsewhere'));
    const old = join(rootfs, path);
    renameSync(old, `${old}.old`);
    symlinkSync('/elsewhere', old);
    refused(
      t,
      attempt(same, [], { bundle }),
      /must not be a symlink|not a directory|is not a directory|must be mounted on ordinary directory/,
    );
  });
}

t.test('what is mounted on /proc is a procfs, from its root', async (t) => {
  const onProc = (source: string) => (config: Parameters<Change>[0]) => {
    config.mounts[0] = { destination: '/proc', type: 'bind', source, options: ['rbind'] };
  };
  if (runtime.kind === 'crun') return; // mounts anything
  refused(
    t,
    attempt(onProc(hostDir()), 'true'),
    /only procfs may be mounted on \/proc|cannot be mounted because it is not of type proc/,
  );
  if (runtime.kind === 'runc') return; // looks at the type of the file system only
  refused(t, attempt(onProc('/proc/sys'), 'true'), /only procfs may be mounted on \/proc/);
  t.match(inside(onProc('/proc'), 'cat /proc/self/comm'), /cat/, 'that of the host');
});

// runc does not say why.
t.test('procfs and sysfs that the kernel refuses', only('trunc'), async (t) => {
  const withoutPid: Change = (config) => {
    withUserNamespace(config);
    withoutNamespace(config, 'pid');
  };
  refused(
    t,
    attempt(withoutPid, 'true'),
    /mounts\[0\]: mount proc on \/proc: .*operation not permitted \(.*new pid namespace.*bind \/proc/,
  );
  const withoutNet: Change = (config) => {
    withUserNamespace(config);
    withoutNamespace(config, 'network');
  };
  refused(
    t,
    attempt(withoutNet, 'true'),
    /mounts\[3\]: mount sysfs on \/sys: .*operation not permitted \(.*new network namespace.*bind \/sys/,
  );
  const bound: Change = (config) => {
    withUserNamespace(config);
    withoutNamespace(config, 'network');
    withoutNamespace(config, 'pid');
    config.mounts[0] = { destination: '/proc', source: '/proc', options: ['rbind'] };
    config.mounts[3] = { destination: '/sys', source: '/sys', options: ['rbind', 'ro'] };
  };
  t.equal(inside(bound, 'cat /proc/self/comm; ls -d /sys/class'), 'cat\n/sys/class', 'as the hints say');
});

// runc does not say why.
t.test('a procfs that would reveal what is covered outside', only('trunc'), async (t) => {
  const wrapper = inMounts('mount -t tmpfs x /proc/irq');
  refused(
    t,
    attempt(mapped, 'true', { wrapper }),
    /mounts\[0\]: mount proc on \/proc: .*operation not permitted \(.*covers/,
  );
});

/** A sleeping process whose mount namespace has these mounts from a host that is not its own to command. */
function lockedMounts(t: Test, source: string): number | undefined {
  const [file = '', ...args] = inMounts(
    `mount -t tmpfs -o nosuid,nodev,noexec,ro x ${source}; exec unshare -U -r -m sleep 1000; "$@"`,
  );
  const donor = spawn(file, args, { stdio: 'ignore', env: { PATH: process.env.PATH, TRUNC_TEST: tag } });
  t.teardown(() => new Promise((resolve) => donor.on('exit', resolve) && donor.kill('SIGKILL')));
  until('the donor', () => readFileSync(`/proc/${donor.pid}/comm`, 'utf8') === 'sleep\n');
  return donor.pid;
}

// runc 1.1.5 cannot join a user namespace by path without id maps.
t.test('flags that are locked stay', only('trunc'), async (t) => {
  const source = hostDir();
  const bind =
    (...options: string[]): Change =>
    (config) => {
      const donor = lockedMounts(t, source);
      withoutNamespace(config, 'mount');
      config.linux.namespaces.push({ type: 'user', path: `/proc/${donor}/ns/user` });
      config.linux.namespaces.push({ type: 'mount', path: `/proc/${donor}/ns/mnt` });
      config.mounts.push({ destination: '/data', source, options: ['bind', ...options] });
    };
  t.match(
    inside(bind('nosymfollow'), info('/data')),
    /^ro,nosuid,nodev,noexec,\S*nosymfollow/,
    'and are kept',
  );
  for (const option of ['rw', 'rexec']) {
    refused(t, attempt(bind(option), 'true'), /mounts\[4\]: .*operation not permitted \(.*locked/, option);
  }
});

// runc does not name the field.
t.test('linux.mountLabel without SELinux', only('trunc'), async (t) => {
  const label: Change = (config) => Object.assign(config.linux, { mountLabel: 'system_u:object_r:x_t:s0' });
  refused(
    t,
    attempt(label, 'true'),
    /linux\.mountLabel: "system_u:object_r:x_t:s0" is asked for, but SELinux is not enabled/,
  );
});

t.test('nothing is left', nothingLeft);
