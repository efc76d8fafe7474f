import t from 'tap';
import { parseHierarchies, wholeHierarchy } from '../../src/rootfs/cgroup-mount.ts';

t.test('the hierarchies of /proc/self/cgroup', async (t) => {
  const text = '9:name=systemd:/\n2:cpu,cpuacct:/a:b\n0::/c\n';
  t.same(parseHierarchies(text), [['name=systemd'], ['cpu', 'cpuacct'], []]);
  t.same(parseHierarchies('0::/\n'), [[]]);
});

t.test('the whole of version 2', async (t) => {
  const whole = (text: string, own?: string) => wholeHierarchy(text, own);
  t.equal(whole('0::/a/b\n', '/sys/fs/cgroup/a/b'), '/sys/fs/cgroup');
  t.equal(whole('0::/a/b\n', '/mnt/b'), undefined, 'of which only a part is mounted');
  t.equal(whole('0::/a\n', undefined), undefined, 'which is not mounted');
  t.equal(whole('1:name=systemd:/a\n0::/a\n', '/sys/fs/cgroup/unified/a'), undefined, 'beside version 1');
  t.equal(whole('3:cpu:/a\n', '/sys/fs/cgroup/cpu/a'), undefined, 'version 1');
});
