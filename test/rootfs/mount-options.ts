import t from 'tap';
import { MOUNT_ATTR, MS_PRIVATE, MS_SHARED } from '../../src/linux/mount.ts';
import { mountOptions } from '../../src/rootfs/mount-options.ts';

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
