import t from 'tap';
import { planMounts } from '../../src/rootfs/mount-plan.ts';
import type { Namespace } from '../../src/spec/config.ts';

t.test('kinds, in the order of the document', async (t) => {
  const steps = planMounts(
    {
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: 'data/', source: 'volumes/a', options: ['rbind'] },
        { destination: '/etc/x', type: 'bind', source: '/etc/x' },
        { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' },
        { destination: '/a/../b', options: ['remount', 'ro'] },
      ],
    },
    '/bundle',
  );
  t.same(
    steps.map(({ field, kind, source, destination }) => [field, kind, source, destination]),
    [
      ['mounts[0]', 'filesystem', 'proc', '/proc'],
      ['mounts[1]', 'bind', '/bundle/volumes/a', '/data'],
      ['mounts[2]', 'bind', '/etc/x', '/etc/x'],
      ['mounts[3]', 'cgroup', 'cgroup', '/sys/fs/cgroup'],
      ['mounts[4]', 'remount', '', '/b'],
    ],
  );
  t.same(planMounts({}, '/bundle'), []);
});

t.test('who opens a source, and by which maps owners are shown', async (t) => {
  const ids = [{ containerID: 0, hostID: 1000, size: 1 }];
  const mounts = [
    { destination: '/a', source: '/a', options: ['bind'] },
    { destination: '/b', source: '/b', options: ['rbind', 'ridmap'] },
    { destination: '/c', source: '/c', options: ['bind'], uidMappings: ids, gidMappings: ids },
    { destination: '/d', type: 'tmpfs', source: 'd' },
    { destination: '/a', options: ['remount', 'bind', 'ro'] },
  ];
  const of = (...namespaces: Namespace[]) =>
    planMounts({ mounts, linux: { namespaces } }, '/bundle').map(({ fromHost, idmap }) => [fromHost, idmap]);
  const plain = of({ type: 'mount' });
  t.same(plain, [
    [false, false],
    [true, 'ridmap'],
    [true, 'idmap'],
    [false, false],
    [false, false],
  ]);
  t.same(of({ type: 'mount' }, { type: 'user' })[0], [true, false], 'in a user namespace the host does');
  t.same(of({ type: 'mount' }, { type: 'user', path: '/x' })[0], [true, false], 'in one that is joined too');
  t.same(of({ type: 'mount', path: '/x' }, { type: 'user' })[0], [false, false], 'but not of joined mounts');
  t.same(of({ type: 'mount' }, { type: 'user' })[4], [false, false], 'a remount has no source');
});
