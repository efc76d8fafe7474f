import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import * as file from '../../src/linux/file.ts';
import { FILE_KIND, isNullDevice, kindOf, statusAt } from '../../src/linux/stat.ts';

t.test('reading and writing', async (t) => {
  const path = `${t.testdir()}/f`;
  const long = 'zwölf '.repeat(40_000);
  file.writeFile(path, long, { mode: 0o600 });
  t.equal(file.readFile(path), long);
  t.equal(statSync(path).mode & 0o777, 0o600);
  file.writeFile(path, '');
  t.equal(file.readFile(path), '');
  file.appendFile(path, 'a');
  file.appendFile(path, 'b');
  t.equal(readFileSync(path, 'utf8'), 'ab');
  t.throws(() => file.writeFile(path, 'x', { exclusive: true }), { code: 'SYSCALL', errno: 'EEXIST' });
  t.throws(() => file.writeExisting(`${path}-not`, 'x'), {
    errno: 'ENOENT',
    message: `${path}-not: no such file or directory`,
  });
  t.equal(file.readFile('/proc/self/stat').split(' ')[0], String(process.pid));
});

t.test('directories', async (t) => {
  const top = t.testdir({ sub: {}, f: '' });
  t.same(
    file.listDirectory(top).sort((a, b) => a.name.localeCompare(b.name)),
    [
      { name: 'f', isDirectory: false },
      { name: 'sub', isDirectory: true },
    ],
  );
  file.makeDirectories(`${top}/a/b/c`, 0o700);
  file.makeDirectories(`${top}/a/b/c`, 0o700);
  t.ok(statSync(`${top}/a/b/c`).isDirectory());
  t.throws(() => file.makeDirectory(`${top}/a`, 0o700), { code: 'SYSCALL', errno: 'EEXIST' });
  t.throws(() => file.removeDirectory(`${top}/a`), { code: 'SYSCALL', errno: 'ENOTEMPTY' });
  file.removeDirectory(`${top}/a/b/c`);
  file.removeFile(`${top}/f`);
  t.notOk(file.exists(`${top}/f`));
  for (let n = 0; n < 3000; n++) writeFileSync(`${top}/sub/${'n'.repeat(30)}${n}`, '');
  t.equal(file.listDirectory(`${top}/sub`).length, 3000, 'more than one read');
});

t.test('renaming and links', async (t) => {
  const top = t.testdir({ a: '1', b: '2' });
  file.rename(`${top}/a`, `${top}/b`);
  t.equal(readFileSync(`${top}/b`, 'utf8'), '1');
  symlinkSync('/some/where', `${top}/l`);
  t.equal(file.readLink(`${top}/l`), '/some/where');
  t.throws(() => file.readLink(`${top}/b`), { code: 'SYSCALL', errno: 'EINVAL' });
});

t.test('what files are', async (t) => {
  const top = t.testdir({ f: 'abc' });
  mkdirSync(`${top}/d`);
  t.match(statusAt(`${top}/f`), { size: 3, inode: statSync(`${top}/f`).ino, links: 1 });
  t.equal(kindOf(statusAt(`${top}/d`)), FILE_KIND.directory);
  t.ok(isNullDevice(statusAt('/dev/null')));
  t.notOk(isNullDevice(statusAt('/dev/zero')));
});
