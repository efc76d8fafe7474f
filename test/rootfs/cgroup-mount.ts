import t from 'tap';
import { parseHierarchies } from '../../src/rootfs/cgroup-mount.ts';

t.test('the hierarchies of /proc/self/cgroup', async (t) => {
  const text = '9:name=systemd:/\n2:cpu,cpuacct:/a:b\n0::/c\n';
  t.same(parseHierarchies(text), [['name=systemd'], ['cpu', 'cpuacct'], []]);
  t.same(parseHierarchies('0::/\n'), [[]]);
});
