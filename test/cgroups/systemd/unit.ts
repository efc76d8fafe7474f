import t from 'tap';
import { expandSlice, unitPlace } from '../../../src/cgroups/systemd/unit.ts';

t.same(unitPlace('system.slice:docker:1234', 'x', 'system.slice'), {
  unit: 'docker-1234.scope',
  slice: 'system.slice',
  path: '/system.slice/docker-1234.scope',
});
t.equal(unitPlace(undefined, 'web', 'system.slice').path, '/system.slice/trunc-web.scope', 'the ID');
t.equal(unitPlace('', 'web', 'user.slice').path, '/user.slice/trunc-web.scope', 'empty is as good as absent');
t.equal(unitPlace('::web', 'x', 'system.slice').path, '/system.slice/web.scope', 'no prefix');
t.equal(
  unitPlace('kubepods-burstable-pod1.slice:cri-containerd:5', 'x', 'system.slice').path,
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-5.scope',
  'slices in slices',
);
t.equal(unitPlace('-.slice:a:b', 'x', 'system.slice').path, '/a-b.scope', 'the root slice');
t.same(
  unitPlace('system.slice:pre:a-b.slice', 'x', 'system.slice'),
  { unit: 'a-b.slice', slice: 'system.slice', path: '/a.slice/a-b.slice' },
  'a slice as the unit',
);
t.throws(() => unitPlace('/a/b', 'x', 'system.slice'), { code: 'CGROUP_PATH' }, 'a path');
t.throws(() => unitPlace('a.slice:b', 'x', 'system.slice'), { code: 'CGROUP_PATH' }, 'two parts');
t.throws(() => unitPlace('a.slice:b:../c', 'x', 'system.slice'), { code: 'CGROUP_PATH' }, 'a slash');
for (const slice of ['a', 'a--b.slice', '-a.slice', 'a/b.slice', '.slice'])
  t.throws(() => expandSlice(slice), { code: 'CGROUP_PATH' }, slice);
