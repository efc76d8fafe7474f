import t from 'tap';
import { modeOf, parseHierarchies } from '../../src/cgroups/mode.ts';

const V1 = `\
22 27 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x/y,name=systemd
`;
const V1_OWN = '9:name=systemd:/user:odd\n4:memory:/group\n3:pids:/\n2:cpu,cpuacct:/\n';
const V2_MOUNT = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n';

t.test('v1: co-mounted and named hierarchies; one that is not mounted is left out', async (t) => {
  const hierarchies = parseHierarchies(V1, V1_OWN);
  t.equal(modeOf(hierarchies), 'legacy');
  t.same(hierarchies, [
    { controllers: ['name=systemd'], mountPoint: '/sys/fs/cgroup/systemd', root: '/', own: '/user:odd' },
    { controllers: ['memory'], mountPoint: '/sys/fs/cgroup/memory', root: '/', own: '/group' },
    { controllers: ['cpu', 'cpuacct'], mountPoint: '/sys/fs/cgroup/cpu,cpuacct', root: '/', own: '/' },
  ]);
});

t.test('hybrid: version 2 beside version 1', async (t) => {
  const hierarchies = parseHierarchies(V1 + V2_MOUNT, `${V1_OWN}0::/session\n`);
  t.equal(modeOf(hierarchies), 'hybrid');
  t.same(hierarchies.at(-1), {
    controllers: [''],
    mountPoint: '/sys/fs/cgroup/unified',
    root: '/',
    own: '/session',
  });
});

t.test('version 2 only, on the last line and without a newline', async (t) => {
  const mountinfo = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw';
  const hierarchies = parseHierarchies(mountinfo, '0::/user.slice\n');
  t.equal(modeOf(hierarchies), 'unified');
  t.same(hierarchies, [{ controllers: [''], mountPoint: '/sys/fs/cgroup', root: '/', own: '/user.slice' }]);
});

t.test('version 2 in the kernel but not mounted', async (t) => {
  t.equal(modeOf(parseHierarchies(V1, `${V1_OWN}0::/\n`)), 'legacy');
});

t.test('nothing mounted', async (t) => {
  t.equal(modeOf(parseHierarchies('22 27 0:21 / /proc rw - proc proc rw\n', '0::/\n')), undefined);
});

t.test('the root of a mount, a later mount on the same place, another place', async (t) => {
  const mountinfo = `\
50 40 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
51 40 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
52 40 0:32 / /mnt/memory rw - cgroup cgroup rw,memory
`;
  t.match(parseHierarchies(mountinfo, '4:memory:/docker/abc\n'), [
    { mountPoint: '/sys/fs/cgroup/memory', root: '/docker/abc' },
  ]);
});

t.test('blanks in mount points', async (t) => {
  const mountinfo = '50 40 0:32 / /mnt/a\\040b\\134c rw - cgroup2 none rw\n';
  t.match(parseHierarchies(mountinfo, '0::/\n'), [{ mountPoint: '/mnt/a b\\c' }]);
});
