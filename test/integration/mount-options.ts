import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { hostDir, info, inMounts, mount } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

suite('root');

const same = () => {};
/** A mount with another one below it, both with the options that all have by default, and what runs the runtime where they are. */
function tree(): { source: string; wrapper: string[] } {
  const source = hostDir();
  const mount = (path: string) => `mount -t tmpfs -o relatime x ${path}`;
  return {
    source,
    wrapper: inMounts(`${mount(source)}; mkdir ${source}/below; ${mount(`${source}/below`)}`),
  };
}

const newer: [options: string, upper: RegExp, lower: RegExp][] = [
  ['rnosymfollow', /,nosymfollow/, /,nosymfollow/],
  ['nosymfollow', /,nosymfollow/, /^rw,relatime$/],
  ['rnorelatime', /^rw$/, /^rw$/],
  ['norelatime', /^rw$/, /^rw,relatime$/],
  ['rnostrictatime', /,relatime/, /,relatime/],
  ['ratime', /,relatime/, /,relatime/],
  ['rnoatime rstrictatime', /^rw$/, /^rw$/],
];

// crun 1.8 sets the recursive ones for the upper mount only, and knows no nosymfollow.
t.test('attributes of one mount and of all below it', only(['trunc', 'runc']), async (t) => {
  const { source, wrapper } = tree();
  const cases: [options: string, upper: RegExp, lower: RegExp][] = [
    ['ro', /^ro,/, /^rw,/],
    ['rro', /^ro,/, /^ro,/],
    ['rnosuid', /,nosuid/, /,nosuid/],
    ['rnodev', /,nodev/, /,nodev/],
    ['rnoexec', /,noexec/, /,noexec/],
    ['rnodiratime', /,nodiratime/, /,nodiratime/],
    ['rnoatime', /,noatime/, /,noatime/],
    ['rrelatime', /,relatime/, /,relatime/],
    ['rstrictatime', /^rw$/, /^rw$/],
    ['noatime', /,noatime/, /,relatime/],
    // runc 1.1.5 is older than these, and has some modes wrong.
    ...(runtime.kind === 'runc' ? [] : newer),
  ];
  const seen = optionsSeen(
    cases.map(([options]) => options),
    source,
    wrapper,
  );
  cases.forEach(([options, upper, lower], index) => {
    t.match(seen[index]?.[0], upper, `${options}: the mount`);
    t.match(seen[index]?.[1], lower, `${options}: the one below`);
  });
});

/** The options of a mount of `source` and of the one below it, for each list of options, all in one container. */
function optionsSeen(lists: string[], source: string, wrapper: string[]): string[][] {
  const mounts = lists.map((list, index) => ({
    destination: `/m${index}`,
    source,
    options: ['rbind', ...list.split(' ').filter(Boolean)],
  }));
  const lines = inside(
    mount(...mounts),
    mounts
      .flatMap(({ destination }) => [destination, `${destination}/below`])
      .map((point) => `${info(point)} | cut -d" " -f1`)
      .join('; '),
    { wrapper },
  ).split('\n');
  return mounts.map((_, index) => lines.slice(2 * index, 2 * index + 2));
}

// runc 1.3.6 makes a read-only mount writable for an option that clears another attribute.
t.test('attributes cleared, in one mount and in all below it', only('trunc'), async (t) => {
  const source = hostDir();
  const kept = 'ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow';
  const wrapper = inMounts(
    `mount -t tmpfs x ${source}; mkdir ${source}/below; mount -t tmpfs -o ${kept} x ${source}/below; mount -o remount,bind,${kept} ${source}`,
  );
  const clearing = 'rw suid dev exec diratime symfollow relatime';
  const recursive = clearing.replaceAll(/\w+/g, 'r$&');
  t.same(optionsSeen(['', clearing, recursive, 'exec rsuid'], source, wrapper), [
    [kept, kept],
    ['rw,relatime', kept],
    ['rw,relatime', 'rw,relatime'],
    [kept.replace('nosuid,', '').replace('noexec,', ''), kept.replace('nosuid,', '')],
  ]);
});

// runc sets it on none.
t.test('a recursive attribute of a new filesystem is its own', only('trunc'), async (t) => {
  const tmpfs = { destination: '/m', type: 'tmpfs', source: 'm', options: ['rnoexec', 'rro'] };
  t.match(inside(mount(tmpfs), info('/m')), /^ro,noexec/);
  const inner = { destination: '/m/inner', type: 'tmpfs', source: 'i' };
  t.match(inside(mount(tmpfs, inner), `${info('/m')}; ${info('/m/inner')}`), /^ro,noexec.*\nrw/);
});

t.test('nosymfollow, as it is meant', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  symlinkSync('file', join(source, 'link'));
  const change = (option: string) => mount({ destination: '/data', source, options: ['bind', option] });
  t.equal(inside(change('symfollow'), 'cat /data/link'), 'from the host');
  t.match(attempt(change('nosymfollow'), 'cat /data/link').stderr, /symbolic links/);
});

t.test('options that change nothing', async (t) => {
  const options = ['defaults', 'iversion', 'noiversion', 'silent', 'loud', 'nomand', 'async', 'nolazytime'];
  const usable = runtime.kind === 'trunc' ? options : ['nomand', 'async'];
  t.match(
    inside(mount({ destination: '/m', type: 'tmpfs', source: 'm', options: usable }), info('/m')),
    /^rw,relatime - tmpfs m rw/,
  );
});

t.test('options of the superblock', async (t) => {
  const change = mount({ destination: '/m', type: 'tmpfs', source: 'm', options: ['sync', 'dirsync'] });
  t.match(inside(change, info('/m')), /- tmpfs m rw,sync,dirsync/);
  if (runtime.kind !== 'trunc') return; // runc 1.1.5 knows no lazytime
  const seen = (...options: string[]) =>
    inside(mount({ destination: '/m', type: 'tmpfs', source: 'm', options }), info('/m'));
  t.match(seen('mand', 'lazytime'), /- tmpfs m rw,mand,lazytime/);
  t.match(seen('mand', 'lazytime', 'sync', 'nomand', 'nolazytime', 'async'), /- tmpfs m rw(,inode64)?$/);
});

// What others clear or set is left alone, and the last of two counts.
const modes: [options: string, expected: string][] = [
  ['nodiratime', 'rw,nodiratime,relatime'],
  ['nodiratime diratime', 'rw,relatime'],
  ['noatime atime', 'rw,relatime'],
  // runc 1.1.5 sets both, and the kernel takes the former.
  ['noatime relatime', runtime.kind === 'runc' ? 'rw,noatime' : 'rw,relatime'],
  ['strictatime', 'rw'],
  ['strictatime nostrictatime', 'rw,relatime'],
  ['noatime strictatime', 'rw'],
  ['nosuid nodev noexec suid', 'rw,nodev,noexec,relatime'],
  ['nosuid nodev noexec dev', 'rw,nosuid,noexec,relatime'],
  ['nosuid nodev noexec exec', 'rw,nosuid,nodev,relatime'],
  ['ro rw', 'rw,relatime'],
  ['rw ro', 'ro,relatime'],
];

t.test('of a filesystem, the last word counts', only(['trunc', 'runc']), async (t) => {
  const mounts = modes.map(([options], index) => ({
    destination: `/m${index}`,
    type: 'tmpfs',
    source: 'm',
    options: options.split(' '),
  }));
  const script = mounts.map(({ destination }) => `${info(destination)} | cut -d" " -f1`).join('; ');
  const seen = inside(mount(...mounts), script).split('\n');
  modes.forEach(([options, expected], index) => {
    t.equal(seen[index], expected, options);
  });
});

t.test('an option that holds several, or nothing', async (t) => {
  const options = ['', 'nosuid', 'size=1m,mode=750'];
  const tmpfs = { destination: '/m', type: 'tmpfs', source: 'm', options };
  t.match(inside(mount(tmpfs), info('/m')), /^rw,nosuid\S* .*- tmpfs m rw,size=1024k\S*,mode=750/);
});

t.test('remount', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  const bind = { destination: '/data', source, options: ['bind', 'nosuid'] };
  const tmpfs = { destination: '/m', type: 'tmpfs', source: 'm', options: ['size=1m', 'mode=755'] };
  const again = (destination: string, ...options: string[]) => ({
    destination,
    type: 'none',
    source: '/tmp',
    options: ['remount', ...options],
  });
  t.match(inside(mount(bind, again('/data', 'bind', 'ro')), info('/data')), /^ro,/, 'remount,bind,ro');
  t.match(
    inside(mount(tmpfs, again('/m', 'size=2m')), info('/m')),
    /^rw\S* .*- tmpfs m rw,size=2048k/,
    'size',
  );
  if (runtime.kind !== 'trunc') return;
  t.match(inside(mount(bind, again('/data', 'bind', 'ro')), info('/data')), /^ro,nosuid/, 'with what it had');
  t.match(
    inside(mount(tmpfs, again('/m', 'noexec', 'size=2m', 'shared')), info('/m')),
    /^rw,noexec,relatime shared:\d+ - tmpfs m rw,size=2048k/,
    'flags, options and propagation together',
  );
  const readonly = { ...tmpfs, options: ['ro'] };
  t.match(inside(mount(readonly, again('/m', 'rw')), info('/m')), /^rw/, 'the last word counts');
});

t.test('a remount of what is no mount', only(['trunc', 'runc']), async (t) => {
  const change = mount({
    destination: '/etc',
    type: 'none',
    source: '/tmp',
    options: ['remount', 'bind', 'ro'],
  });
  refused(t, attempt(change, 'true'), /mounts\[4\]: remount \/etc: .*invalid argument|invalid argument/);
});

// runc 1.1.5 changes the filesystem, for the host too.
t.test('a remount of a bind leaves the filesystem alone', only('trunc'), async (t) => {
  const source = hostDir();
  const wrapper = inMounts(`mount -t tmpfs x ${source}`);
  const script = inMounts(`mount -t tmpfs x ${source}; "$@"; grep ${source} /proc/self/mountinfo >&2`);
  const changes = mount(
    { destination: '/data', source, options: ['bind'] },
    { destination: '/data', source, options: ['remount', 'ro'] },
  );
  t.match(inside(changes, info('/data'), { wrapper }), /^ro,\S+ .*- tmpfs x rw/);
  const { stderr } = attempt(changes, 'true', { wrapper: script });
  t.match(stderr, / rw,relatime .*- tmpfs x rw/, 'the host can still write');
});

// runc 1.1.5 lets it pass.
t.test('a filesystem option of a bind', only('trunc'), async (t) => {
  const change = (...options: string[]) =>
    mount({ destination: '/data', source: '/tmp', options: ['bind', ...options] });
  refused(
    t,
    attempt(change('size=1m'), 'true'),
    /mounts\[4\].*a bind mount takes no filesystem options, found size/,
  );
});

// src-nofollow, dest-nofollow and copy-symlink are crun's; 1.8 has the first alone.
t.test('a symlink as the source', only('trunc'), async (t) => {
  const source = hostDir();
  const link = join(source, 'link');
  symlinkSync('file', link);
  const seen = (destination: string, ...options: string[]) =>
    inside(
      mount({ destination, source: link, options: ['bind', ...options] }),
      `stat -c %F ${destination}; readlink ${destination}; grep -c " ${destination} " /proc/self/mountinfo; true`,
    ).split('\n');
  t.same(seen('/etc/data'), ['regular file', '1'], 'is followed');
  t.same(seen('/etc/data', 'copy-symlink'), ['symbolic link', 'file', '0'], 'copy-symlink');
  t.same(seen('/etc/new/data', 'copy-symlink'), ['symbolic link', 'file', '0'], 'in a new directory');
  t.same(seen('/etc/data', 'src-nofollow'), ['symbolic link', 'file', '1'], 'src-nofollow');
  const plain = mount({
    destination: '/etc/data',
    source: `${source}/file`,
    options: ['bind', 'copy-symlink'],
  });
  t.equal(inside(plain, 'cat /etc/data'), 'from the host', 'copy-symlink of a file binds it');
});

// runc 1.1.5 does not know the option.
t.test('copy-symlink onto something', only('trunc'), async (t) => {
  const source = join(hostDir(), 'link');
  symlinkSync('/etc/group', source);
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/readlink', '/etc/data'];
    config.mounts.push({ destination: '/etc/data', source, options: ['bind', 'copy-symlink'] });
  });
  const run = () => attempt(same, [], { bundle });
  symlinkSync('/etc/group', join(bundle, 'rootfs/etc/data'));
  t.equal(run().stdout, '/etc/group\n', 'the same link');
  const other = makeBundle((config) => {
    config.mounts.push({ destination: '/etc/passwd', source, options: ['bind', 'copy-symlink'] });
  });
  refused(t, attempt(same, [], { bundle: other }), /mounts\[4\].*file exists/, 'another file');
});

// runc 1.1.5 does not know dest-nofollow.
t.test('a symlink as the destination', only('trunc'), async (t) => {
  const source = join(hostDir(), 'file');
  const seen = (...options: string[]) => {
    const bundle = makeBundle((config) => {
      config.process.args = ['/bin/sh', '-c', 'cat /etc/link; cat /etc/there; stat -c %F /etc/link'];
      config.mounts.push({ destination: '/etc/link', source, options: ['bind', ...options] });
    });
    symlinkSync('there', join(bundle, 'rootfs/etc/link'));
    writeFileSync(join(bundle, 'rootfs/etc/there'), 'as before\n');
    return inside(same, [], { bundle }).split('\n');
  };
  t.same(seen(), ['from the host', 'from the host', 'symbolic link'], 'is followed');
  t.same(seen('dest-nofollow'), ['from the host', 'as before', 'regular file'], 'dest-nofollow');
  const fresh = mount({ destination: '/etc/a/b', source, options: ['bind', 'dest-nofollow'] });
  t.equal(inside(fresh, 'cat /etc/a/b'), 'from the host', 'a new file');
});

// crun 1.8 makes targets before it makes a mount read-only.
t.test('a target that cannot be made', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  const bundle = makeBundle((config) => {
    config.mounts.push({ destination: '/ro', source, options: ['bind', 'ro'] });
    config.mounts.push({ destination: '/ro/sub/dir', type: 'tmpfs', source: 'x' });
  });
  const text =
    /mounts\[5\].*sub is not there in the rootfs and cannot be made: read-only file system|read-only file system/;
  refused(t, attempt(same, [], { bundle }), text);
  t.same(readdirSync(source), ['file']);
  t.equal(readFileSync(join(source, 'file'), 'utf8'), 'from the host\n');
});

t.test('nothing is left', nothingLeft);
