import t from 'tap';
import { planNamespaces } from '../../src/namespaces/plan.ts';

t.test('who makes or joins what', async (t) => {
  t.same(
    planNamespaces([{ type: 'pid' }, { type: 'mount' }, { type: 'cgroup' }, { type: 'network', path: '/n' }]),
    {
      fresh: ['pid', 'mnt'],
      join: [{ kind: 'net', path: '/n' }],
      joinMount: undefined,
      joinCgroup: undefined,
    },
  );
  t.match(
    planNamespaces([
      { type: 'mount', path: '/m' },
      { type: 'cgroup', path: '/c' },
    ]),
    {
      fresh: [],
      join: [],
      joinMount: '/m',
      joinCgroup: '/c',
    },
  );
  t.same(planNamespaces([{ type: 'time', path: '' }]).fresh, ['time'], 'an empty path is none');
  t.same(planNamespaces().fresh, []);
});
