import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  cgroupError,
  joinCgroup,
  readCgroupFile,
  readCgroupFileIfThere,
  writeCgroupFile,
} from '../../src/cgroups/file.ts';

t.test('read', async (t) => {
  const dir = t.testdir({ 'pids.max': 'max\n' });
  t.equal(readCgroupFile(dir, 'pids.max'), 'max');
  t.throws(() => readCgroupFile(dir, 'none'), { code: 'CGROUP_READ', errno: 'ENOENT' });
  t.equal(readCgroupFileIfThere(dir, 'pids.max'), 'max');
  t.equal(readCgroupFileIfThere(dir, 'none'), '');
  t.throws(() => readCgroupFileIfThere(`${dir}/pids.max`, 'x'), { code: 'CGROUP_READ', errno: 'ENOTDIR' });
});

t.test('write, but never make a file', async (t) => {
  const dir = t.testdir({ 'pids.max': '   ', 'cgroup.procs': '' });
  t.equal(writeCgroupFile(dir, { file: 'pids.max', value: '100' }), true);
  t.equal(readFileSync(`${dir}/pids.max`, 'utf8'), '100');
  joinCgroup(dir, 42);
  t.equal(readFileSync(`${dir}/cgroup.procs`, 'utf8'), '42');

  t.equal(writeCgroupFile(dir, { file: 'none', value: '1', optional: true }), false);
  t.throws(() => writeCgroupFile(dir, { file: 'none', value: '1', field: 'linux.x' }), {
    code: 'CGROUP_SET',
    field: 'linux.x',
    errno: 'ENOENT',
    message: `write "1" to ${dir}/none: no such file or directory`,
    hint: /controller is not enabled/,
  });
  t.throws(() => joinCgroup(`${dir}/none`, 42), { code: 'CGROUP_JOIN', errno: 'ENOENT' });
});

t.test('hints depend on what was tried', async (t) => {
  const hint = (code: string, errno: string) =>
    cgroupError(code, 'x', Object.assign(new Error(`${errno}: text, write`), { code: errno }));
  t.match(hint('CGROUP_SET', 'EBUSY'), { message: 'x: text', errno: 'EBUSY', hint: /in use/ });
  t.match(hint('CGROUP_SET', 'EINVAL').hint, /does not take/);
  t.match(hint('CGROUP_SET', 'EPERM').hint, /device/);
  t.match(hint('CGROUP_CREATE', 'EACCES').hint, /root/);
  t.match(hint('CGROUP_CREATE', 'EROFS').hint, /read-only/);
  t.match(hint('CGROUP_ENABLE', 'EBUSY').hint, /processes of its own/);
  t.match(hint('CGROUP_ENABLE', 'EOPNOTSUPP'), { errno: 'EOPNOTSUPP', hint: /threaded/ });
  t.match(hint('CGROUP_JOIN', 'EBUSY').hint, /enabled/);
  t.match(hint('CGROUP_JOIN', 'ENOSPC').hint, /cpuset/);
  t.equal(hint('CGROUP_JOIN', 'EIO').hint, undefined);
});
