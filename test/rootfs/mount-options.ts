import t from 'tap';
import { MOUNT_ATTR, MS_PRIVATE, MS_SHARED } from '../../src/linux/mount.ts';
import { mountOptionNames, mountOptions } from '../../src/rootfs/mount-options.ts';

t.test('attributes: the last word counts', async (t) => {
  t.match(mountOptions(['ro', 'nosuid']), { set: MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID, clear: 0 });
  t.match(mountOptions(['ro', 'rw']), { set: 0, clear: MOUNT_ATTR.RDONLY });
  t.match(mountOptions(['rw', 'ro']), { set: MOUNT_ATTR.RDONLY, clear: 0 });
});

t.test('access times: one mode, and the field is always cleared with it', async (t) => {
  t.match(mountOptions(['noatime']), { set: MOUNT_ATTR.NOATIME, clear: MOUNT_ATTR.ATIME });
  t.match(mountOptions(['noatime', 'strictatime']), { set: MOUNT_ATTR.STRICTATIME, clear: MOUNT_ATTR.ATIME });
  t.match(mountOptions(['strictatime', 'relatime']), { set: 0, clear: MOUNT_ATTR.ATIME });
});

t.test('recursive attributes are kept apart', async (t) => {
  t.match(mountOptions(['rro', 'nosuid']), {
    set: MOUNT_ATTR.NOSUID,
    recursiveSet: MOUNT_ATTR.RDONLY,
    recursiveClear: 0,
  });
  t.match(mountOptions(['rro', 'rrw', 'rexec']), {
    recursiveSet: 0,
    recursiveClear: MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOEXEC,
  });
  t.match(mountOptions(['rnoatime', 'rstrictatime']), {
    recursiveSet: MOUNT_ATTR.STRICTATIME,
    recursiveClear: MOUNT_ATTR.ATIME,
  });
  const none = { set: 0, clear: 0, recursiveSet: 0, recursiveClear: 0 };
  t.match(mountOptions(['rdefaults', 'rsize', 'r']), {
    ...none,
    parameters: [['rdefaults'], ['rsize'], ['r']],
  });
});

t.test('every option of the specification is one of the mount', async (t) => {
  const attributes = 'ro rw nosuid suid nodev dev noexec exec nodiratime diratime nosymfollow symfollow';
  const atimes = 'relatime norelatime noatime atime strictatime nostrictatime';
  const recursive = `${attributes} ${atimes} private shared slave unbindable bind`.replaceAll(/\w+/g, 'r$&');
  const others =
    'bind remount defaults async sync dirsync mand nomand lazytime nolazytime iversion noiversion silent loud tmpcopyup ' +
    'idmap ridmap private shared slave unbindable copy-symlink src-nofollow dest-nofollow';
  for (const name of `${attributes} ${atimes} ${recursive} ${others}`.split(' ')) {
    t.same(mountOptions([name]).parameters, [], name);
    t.ok(mountOptionNames().includes(name), name);
  }
});

t.test('binds and propagation', async (t) => {
  t.match(mountOptions(['bind']), { bind: true, recursive: false });
  t.match(mountOptions(['rbind', 'rprivate']), {
    bind: true,
    recursive: true,
    propagation: [{ flag: MS_PRIVATE, recursive: true }],
  });
  t.same(mountOptions(['shared']).propagation, [{ flag: MS_SHARED, recursive: false }]);
});

t.test('what is no option of a mount is the filesystem’s', async (t) => {
  const texts = ['size=64k', 'newinstance', 'a=b=c', 'empty=', 'defaults', 'sync', 'constructor'];
  t.same(mountOptions(texts).parameters, [
    ['size', '64k'],
    ['newinstance'],
    ['a', 'b=c'],
    ['empty', ''],
    ['constructor'],
  ]);
  t.same(mountOptions(texts).flags, [['sync']]);
  t.same(mountOptions().parameters, []);
});

t.test('an option that holds several, or nothing', async (t) => {
  t.same(mountOptions(['', 'size=1m,mode=755,', 'noswap']).parameters, [
    ['size', '1m'],
    ['mode', '755'],
    ['noswap'],
  ]);
  const whole = ['context="a:b:c0,c1"', 'lowerdir=/a\\,b'];
  t.same(
    mountOptions(whole).parameters.map(([name, value]) => `${name}=${value}`),
    whole,
  );
});
