import t from 'tap';
import type { Hierarchy } from '../../src/cgroups/mode.ts';
import { cgroupPaths, ownDirectory } from '../../src/cgroups/path.ts';

const cpu: Hierarchy = { controllers: ['cpu', 'cpuacct'], mountPoint: '/cg/cpu', root: '/', own: '/' };
const memory: Hierarchy = { controllers: ['memory'], mountPoint: '/cg/memory', root: '/', own: '/group/us' };
const unified: Hierarchy = { controllers: [''], mountPoint: '/cg/unified', root: '/', own: '/scope' };

t.test('an absolute path starts at the mount point', async (t) => {
  t.same(cgroupPaths([cpu, memory, unified], '/docker//./x/', 'id'), {
    cpu: '/cg/cpu/docker/x',
    cpuacct: '/cg/cpu/docker/x',
    memory: '/cg/memory/docker/x',
    '': '/cg/unified/docker/x',
  });
});

t.test('a relative path, and no path, start at our own cgroup', async (t) => {
  const expected = (name: string) => ({
    cpu: `/cg/cpu/${name}`,
    cpuacct: `/cg/cpu/${name}`,
    memory: `/cg/memory/group/us/${name}`,
    '': `/cg/unified/scope/${name}`,
  });
  t.same(cgroupPaths([cpu, memory, unified], 'a/b', 'id'), expected('a/b'));
  t.same(cgroupPaths([cpu, memory, unified], undefined, 'id'), expected('id'));
  t.same(cgroupPaths([cpu, memory, unified], '', 'id'), expected('id'));
});

t.test('version 2 alone: beside our own cgroup, since we are in it', async (t) => {
  t.same(cgroupPaths([unified], undefined, 'id'), { '': '/cg/unified/id' });
  t.same(cgroupPaths([{ ...unified, own: '/a/b' }], 'x', 'id'), { '': '/cg/unified/a/x' });
  t.same(cgroupPaths([{ ...unified, own: '/' }], 'x', 'id'), { '': '/cg/unified/x' });
});

t.test('inside a container that sees a part of the hierarchy', async (t) => {
  const part = { ...memory, root: '/docker/abc', own: '/docker/abc/in' };
  t.same(cgroupPaths([part], 'x', 'id'), { memory: '/cg/memory/in/x' });
  t.same(cgroupPaths([{ ...part, own: '/docker/abc' }], 'x', 'id'), { memory: '/cg/memory/x' });
  t.same(cgroupPaths([part], '/x', 'id'), { memory: '/cg/memory/x' });
});

t.test('our own cgroup is out of sight', async (t) => {
  for (const [root, own] of [
    ['/docker/abc', '/'],
    ['/docker/abc', '/docker/abcd'],
    ['/', '/../other'],
  ] as const) {
    const part = { ...memory, root, own };
    t.equal(ownDirectory(part), undefined);
    t.throws(() => cgroupPaths([part], 'x', 'id'), { code: 'CGROUP_PATH', field: 'linux.cgroupsPath' });
    t.same(cgroupPaths([part], '/x', 'id'), { memory: '/cg/memory/x' });
  }
});

t.test('refused', async (t) => {
  for (const path of ['/', '//', '.', '/..', 'a/../b', '/a/..']) {
    t.throws(
      () => cgroupPaths([memory], path, 'id'),
      { code: 'CGROUP_PATH', field: 'linux.cgroupsPath' },
      path,
    );
  }
  t.same(cgroupPaths([memory], '/a..b', 'id'), { memory: '/cg/memory/a..b' });
});
