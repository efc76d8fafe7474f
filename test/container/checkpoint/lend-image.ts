import { chmodSync, chownSync, linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { lendImage } from '../../../src/container/checkpoint/lend-image.ts';
import { attachMount, changeMount, cloneMountOf, MOUNT_ATTR } from '../../../src/linux/mount.ts';
import { inOwnMounts } from '../../../src/linux/namespace.ts';
import { O_PATH, openPath } from '../../../src/linux/path.ts';
import type { Spec } from '../../../src/spec/config.ts';

const ROOT_OF = { uid: 100_000, gid: 200_000 };
const mapping = (hostID: number) => [{ containerID: 0, hostID, size: 1000 }];
const USER_NAMESPACE = {
  linux: {
    namespaces: [{ type: 'user' }],
    uidMappings: mapping(ROOT_OF.uid),
    gidMappings: mapping(ROOT_OF.gid),
  },
} as Pick<Spec, 'linux'>;
const needsRoot = { skip: process.getuid?.() !== 0 && 'root is required' };

/** The owners of files, by their paths. */
const owners = (directory: string, ...names: string[]) =>
  Object.fromEntries(
    names.map((name) => {
      const { uid, gid, mode } = statSync(join(directory, name));
      return [name, `${uid}:${gid} ${(mode & 0o7777).toString(8)}`];
    }),
  );

/** A directory that only root may look into, with files of root's, and of somebody else's. */
function makeImage(path: string, ...names: string[]): string {
  mkdirSync(path, { recursive: true });
  for (const name of ['a.img', 'b.img', ...names]) writeFileSync(join(path, name), '', { mode: 0o600 });
  chownSync(join(path, 'b.img'), 5, 6);
  chmodSync(path, 0o2700);
  chownSync(path, 7, 8);
  return path;
}

t.test('an image, for as long as it is lent', needsRoot, async (t) => {
  const image = makeImage(join(t.testdir(), 'one'), 'c.img', 'descriptors.json', 'ä.img');
  chmodSync(join(image, 'c.img'), 0o644);
  linkSync(join(image, 'a.img'), join(image, 'link.img'));
  symlinkSync('/etc/shadow', join(image, 'shadow.img'));
  const all = ['.', 'a.img', 'b.img', 'c.img', 'descriptors.json', 'link.img'];
  const before = owners(image, ...all);
  const shadow = owners('/etc', 'shadow');
  {
    using _lent = lendImage({ imagePath: image }, USER_NAMESPACE);
    t.same(owners(image, ...all), {
      ...before,
      '.': '0:200000 2750',
      'b.img': '0:200000 660',
    });
    t.same(owners('/etc', 'shadow'), shadow);
  }
  t.same(owners(image, ...all), before);
  t.equal(lendImage({ imagePath: image }, { linux: {} }), undefined, 'without a user namespace none is');
});

t.test('with it those that it adds to', needsRoot, async (t) => {
  const images = join(t.testdir(), 'images');
  for (const name of ['one', 'two', 'three']) makeImage(join(images, name));
  symlinkSync('../one', join(images, 'two/parent'));
  symlinkSync('..//two/', join(images, 'three/parent'));
  // Which criu would never make.
  symlinkSync('../three', join(images, 'one/parent'));
  chmodSync(images, 0o700);
  const all = ['.', 'one', 'one/b.img', 'two', 'two/b.img', 'three', 'three/b.img'];
  const before = owners(images, ...all);
  {
    using _lent = lendImage({ imagePath: join(images, 'three') }, USER_NAMESPACE);
    const lent = Object.values(owners(images, ...all)).map((text) => text.replace(/^0:200000 2?/, ''));
    t.same(lent, ['710', '750', '660', '750', '660', '750', '660']);
  }
  t.same(owners(images, ...all), before);
});

t.test('not with it what a link of another kind leads to', needsRoot, async (t) => {
  const directory = t.testdir({ secret: { key: '' } });
  chmodSync(join(directory, 'secret'), 0o700);
  const before = owners(directory, 'secret', 'secret/key');
  const targets = ['../secret', '../missing', '../secret/key', join(directory, 'secret')];
  for (const [number, target] of targets.entries()) {
    const image = makeImage(join(directory, String(number)));
    symlinkSync(target, join(image, 'parent'));
    using lent = lendImage({ imagePath: image }, USER_NAMESPACE);
    t.ok(lent);
    t.same(owners(directory, 'secret', 'secret/key'), before, target);
  }
});

t.test('all of it, or nothing', needsRoot, async (t) => {
  const images = t.testdir();
  const all = ['one', 'one/a.img', 'one/b.img', 'two', 'two/a.img', 'two/b.img'];
  for (const name of ['one', 'two']) makeImage(join(images, name));
  symlinkSync('../one', join(images, 'two/parent'));
  const before = owners(images, ...all);
  for (const fixed of ['two/a.img', 'two/b.img', 'two', 'one/b.img', 'one']) {
    inOwnMounts(() => {
      using file = openPath(join(images, fixed), O_PATH);
      using mount = cloneMountOf(file, false);
      changeMount(mount, { set: MOUNT_ATTR.RDONLY, clear: 0 });
      attachMount(mount, file);
      t.throws(
        () => lendImage({ imagePath: join(images, 'two') }, USER_NAMESPACE),
        { message: /read-only/ },
        fixed,
      );
    });
    t.same(owners(images, ...all), before, fixed);
  }
});
