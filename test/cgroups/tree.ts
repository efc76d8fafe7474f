import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cgroupsBelow, openCgroupDirectory, removeBelow, tryOpenBelow } from '../../src/cgroups/tree.ts';
import { readAll } from '../../src/linux/file.ts';
import { O_RDONLY, removeAt } from '../../src/linux/path.ts';

t.test('names that are no UTF-8, each after what it is in', async (t) => {
  const dir = t.testdir({ a: { b: {} }, file: '' });
  mkdirSync(Buffer.concat([Buffer.from(`${dir}/a/`), Buffer.from([0xff, 0x0a])]));
  using top = openCgroupDirectory(dir);
  t.ok(top);
  if (top) t.same(cgroupsBelow(top, dir).sort(), ['a', 'a/b', 'a/\u00ff\n']);
  removeBelow(dir);
  t.notOk(existsSync(join(dir, 'a')));
});

t.test('longer than a path can be', async (t) => {
  const dir = t.testdir({});
  const piece = Array.from({ length: 15 }, () => 'n'.repeat(250)).join('/');
  // Made from inside: no path leads there.
  const before = process.cwd();
  process.chdir(dir);
  for (let left = 2; left > 0; left -= 1) {
    mkdirSync(piece, { recursive: true });
    process.chdir(piece);
  }
  writeFileSync('cgroup.procs', '5\n');
  process.chdir(before);
  using top = openCgroupDirectory(dir);
  if (top === undefined) throw new Error('it is gone');
  const all = cgroupsBelow(top, dir);
  t.equal(all.length, 30);
  using file = tryOpenBelow(top, `${all.at(-1)}/cgroup.procs`, O_RDONLY);
  t.equal(file && readAll(file), '5\n');
  t.equal(tryOpenBelow(top, `${all.at(-1)}/none`, O_RDONLY), undefined);
  using last = tryOpenBelow(top, all.at(-1) as string, O_RDONLY);
  if (last) removeAt(last, 'cgroup.procs');
  removeBelow(dir);
  t.same(cgroupsBelow(top, dir), []);
});

t.test('what is gone', async (t) => {
  const dir = t.testdir({ file: '' });
  t.equal(openCgroupDirectory(join(dir, 'none')), undefined);
  removeBelow(join(dir, 'none'));
  t.throws(() => openCgroupDirectory(join(dir, 'file')), { code: 'CGROUP_READ', errno: 'ENOTDIR' });
});
