import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeDirectory, removeDirectories, unmakeDirectories } from '../../src/cgroups/directory.ts';

t.test('makes what is missing and says what it made', async (t) => {
  const top = t.testdir();
  const made: string[] = [];
  t.equal(makeDirectory(`${top}/a/b/c`, made), true);
  t.same(made, [`${top}/a`, `${top}/a/b`, `${top}/a/b/c`]);
  t.equal(makeDirectory(`${top}/a/b`, made), false);
  t.equal(makeDirectory(`${top}/a/d`, made), true);
  t.equal(made.length, 4);

  mkdirSync(`${top}/a/b/other`);
  unmakeDirectories(made);
  t.ok(existsSync(`${top}/a/b/other`), 'left alone with its parents');
  t.notOk(existsSync(`${top}/a/b/c`) || existsSync(`${top}/a/d`));
  t.same(made, []);
});

t.test('cannot make', async (t) => {
  const top = t.testdir({ file: '' });
  t.throws(() => makeDirectory(`${top}/file/x`, []), { code: 'CGROUP_CREATE', errno: 'ENOTDIR' });
});

t.test('removes with what is below; missing is fine', async (t) => {
  const top = t.testdir({ a: { b: { c: {} }, d: {} }, e: {} });
  removeDirectories([`${top}/a`, `${top}/e`, `${top}/none`]);
  t.notOk(existsSync(`${top}/a`) || existsSync(`${top}/e`));
});

t.test('gives up on a directory in use, but removes the others', async (t) => {
  const top = t.testdir({ a: { sub: {} }, b: {} });
  writeFileSync(`${top}/a/sub/cgroup.procs`, '17\n');
  t.throws(() => removeDirectories([`${top}/a`, `${top}/b`]), {
    code: 'CGROUP_BUSY',
    errno: 'EBUSY',
    message: `cannot remove cgroup ${top}/a: processes 17 are in it`,
  });
  t.notOk(existsSync(`${top}/b`));
});
