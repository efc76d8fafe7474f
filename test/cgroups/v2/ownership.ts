import { statSync } from 'node:fs';
import t from 'tap';
import { giveCgroup } from '../../../src/cgroups/v2/ownership.ts';

const needs = { skip: process.getuid?.() === 0 ? false : 'needs root' };

t.test('the directory and what may be handed over, no more; missing files are fine', needs, async (t) => {
  const dir = t.testdir({ 'cgroup.procs': '', 'cgroup.subtree_control': '', 'memory.max': '' });
  giveCgroup(dir, 1234);
  const owner = (path: string) => [statSync(path).uid, statSync(path).gid];
  t.same(owner(dir), [1234, 0]);
  t.same(owner(`${dir}/cgroup.procs`), [1234, 0]);
  t.same(owner(`${dir}/cgroup.subtree_control`), [1234, 0]);
  t.same(owner(`${dir}/memory.max`), [0, 0], 'or it could lift its own limit');
});

t.test('cannot', needs, async (t) => {
  const dir = t.testdir({ file: '' });
  t.throws(() => giveCgroup(`${dir}/file/x`, 5), {
    code: 'CGROUP_OWNER',
    field: 'linux.cgroupsPath',
    errno: 'ENOTDIR',
  });
});
