import t from 'tap';
import { planMounts } from '../../src/rootfs/mount-plan.ts';

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
