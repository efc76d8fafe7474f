import t from 'tap';
import { joinsAll, planNamespaces, withMount } from '../../src/namespaces/plan.ts';

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

t.test('joining all of a container that is there', async (t) => {
  const pid = { type: 'pid', path: '/p' } as const;
  const mount = { type: 'mount', path: '/m' } as const;
  const plan = planNamespaces([mount, pid]);
  t.ok(joinsAll(plan));
  t.same(
    withMount(plan),
    {
      ...plan,
      join: [
        { kind: 'pid', path: '/p' },
        { kind: 'mnt', path: '/m' },
      ],
      joinMount: undefined,
    },
    'the mount namespace comes last: paths are read before',
  );
  t.notOk(joinsAll(planNamespaces([pid, { type: 'mount' }])), 'a new container');
  t.notOk(joinsAll(planNamespaces([pid, mount, { type: 'uts' }])), 'something new');
  t.notOk(joinsAll(planNamespaces([mount])), 'nobody sees it');
  t.notOk(
    joinsAll(planNamespaces([pid, mount, { type: 'user', path: '/u' }])),
    'its procfs has to be made outside',
  );
});
