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
    message: `linux.x: write "1" to ${dir}/none: no such file or directory`,
    hint: /controller is not enabled/,
  });
  t.throws(() => joinCgroup(`${dir}/none`, 42), { code: 'CGROUP_JOIN', errno: 'ENOENT' });
});

t.test('another file where the first is not there', async (t) => {
  const dir = t.testdir({ 'io.weight': '' });
  const otherwise = { file: 'io.weight', value: '4950' };
  t.equal(writeCgroupFile(dir, { file: 'io.bfq.weight', value: '500', otherwise }), true);
  t.equal(readFileSync(`${dir}/io.weight`, 'utf8'), '4950');
  t.throws(() => writeCgroupFile(dir, { file: 'a', value: '1', otherwise: { file: 'io.b', value: '2' } }), {
    message: `write "2" to ${dir}/io.b: no such file or directory`,
    hint: /IOCOST/,
  });
});

t.test('what is known of a failure', async (t) => {
  const thrown = Object.assign(new Error('EBUSY: text, write'), { code: 'EBUSY', syscall: 'write' });
  t.match(cgroupError('CGROUP_SET', 'x', thrown, { field: 'linux.x', file: 'memory.max' }), {
    message: 'linux.x: x: text',
    code: 'CGROUP_SET',
    errno: 'EBUSY',
    field: 'linux.x',
    hint: /in use/,
  });
});
