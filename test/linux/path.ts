import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import {
  deviceNumber,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  openInRoot,
  openPath,
} from '../../src/linux/path.ts';
import { openDirectory, openFile } from '../../src/rootfs/resolve.ts';

function rootIn(t: { testdir(): string }) {
  const top = t.testdir();
  mkdirSync(`${top}/root/etc`, { recursive: true });
  mkdirSync(`${top}/etc`);
  writeFileSync(`${top}/etc/secret`, 'host');
  return { top, root: openPath(`${top}/root`, O_PATH | O_DIRECTORY) };
}

t.test('links and dots stay below the root', async (t) => {
  const { top, root } = rootIn(t);
  writeFileSync(`${top}/root/etc/secret`, 'container');
  symlinkSync('/etc/secret', `${top}/root/absolute`);
  symlinkSync('../../../etc/secret', `${top}/root/relative`);
  for (const path of ['absolute', 'relative', '/etc/secret', '../../etc/secret']) {
    const fd = openInRoot(root, path, O_RDONLY);
    t.equal(readFileSync(fd.number, 'utf8'), 'container', path);
    fd.close();
  }
  t.throws(() => openInRoot(root, 'absolute', O_RDONLY | O_NOFOLLOW), { code: 'SYSCALL', errno: 'ELOOP' });
  root.close();
});

t.test('missing directories are made below the root, through links to nowhere too', async (t) => {
  const { top, root } = rootIn(t);
  symlinkSync('/made/by/link', `${top}/root/dangling`);
  symlinkSync('../../../../outside', `${top}/root/etc/up`);
  symlinkSync('loop', `${top}/root/loop`);
  t.match(openDirectory(root, '/a/b/c'), { existed: false });
  t.match(openDirectory(root, '/a/b'), { existed: true });
  openDirectory(root, '/dangling/x').fd.close();
  openDirectory(root, '/etc/up').fd.close();
  t.same(
    ['a/b/c', 'made/by/link/x', 'outside']
      .map((path) => `${top}/root/${path}`)
      .map((path) => openPath(path, O_DIRECTORY).number > 0),
    [true, true, true],
  );
  t.throws(() => openPath(`${top}/outside`, O_PATH), { code: 'SYSCALL', errno: 'ENOENT' });
  t.throws(() => openDirectory(root, '/loop/x'), { code: 'ROOTFS_PATH', errno: 'ELOOP' });
  writeFileSync(`${top}/root/file`, '');
  t.throws(() => openDirectory(root, '/file/x'), {
    code: 'ROOTFS_PATH',
    errno: 'ENOTDIR',
    message: /file.* in the rootfs/,
  });
  root.close();
});

t.test('files to be mounted on', async (t) => {
  const { top, root } = rootIn(t);
  symlinkSync('../../../../etc/made', `${top}/root/link`);
  openFile(root, '/x/y/file').close();
  openFile(root, '/link').close();
  t.equal(readFileSync(`${top}/root/x/y/file`, 'utf8'), '');
  t.equal(readFileSync(`${top}/root/etc/made`, 'utf8'), '');
  t.throws(() => readFileSync(`${top}/etc/made`), { code: 'ENOENT' });
  root.close();
});

t.test('device numbers', async (t) => {
  t.equal(deviceNumber(1, 3), 0x103);
  t.equal(deviceNumber(136, 300), 0x10882c);
  t.equal(deviceNumber(4095, 0xfffff), 0xffffffff);
});
