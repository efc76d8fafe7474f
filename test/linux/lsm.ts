import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { apparmorEnabled, selinuxEnabled, setSecurityAttribute } from '../../src/linux/lsm.ts';
import { MS_BIND, MS_PRIVATE, MS_REC, mount } from '../../src/linux/mount.ts';
import { newNamespace } from '../../src/linux/namespace.ts';
import { O_DIRECTORY, O_PATH, openPath } from '../../src/linux/path.ts';
import { openProc } from '../../src/linux/proc.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' };
const kernelHas = (name: string): boolean => readFileSync('/proc/filesystems', 'utf8').includes(name);

t.test('what is there', async (t) => {
  t.type(apparmorEnabled(), 'boolean');
  if (!kernelHas('selinuxfs')) t.notOk(selinuxEnabled(), 'a kernel without selinuxfs');
});

t.test('an attribute that something is mounted over', needsRoot, async (t) => {
  const fake = t.testdir();
  mkdirSync(`${fake}/apparmor`);
  for (const name of ['exec', 'keycreate', 'apparmor/exec']) writeFileSync(`${fake}/${name}`, '');
  newNamespace('mnt');
  mount(null, '/', MS_REC | MS_PRIVATE);
  mount(fake, '/proc/thread-self/attr', MS_BIND);
  writeFileSync('/proc/thread-self/attr/exec', 'x');
  t.equal(readFileSync(`${fake}/exec`, 'utf8'), 'x', 'who walks the path writes to the fake');

  using visible = openPath('/proc', O_PATH | O_DIRECTORY);
  for (const name of ['exec', 'keycreate', 'apparmor/exec'] as const) {
    t.throws(() => setSecurityAttribute(visible, name, 'label'), { code: 'SYSCALL', errno: 'EXDEV' }, name);
  }
  t.equal(readFileSync(`${fake}/exec`, 'utf8'), 'x');
  // A procfs of its own is not covered. No kernel takes such a label.
  using trusted = openProc();
  t.throws(() => setSecurityAttribute(trusted, 'exec', 'no\nlabel'), { code: 'SYSCALL' });
  t.equal(readFileSync(`${fake}/exec`, 'utf8'), 'x', 'nothing has reached the fake');
});
