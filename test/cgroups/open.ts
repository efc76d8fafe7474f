import t from 'tap';
import { openCgroup, reopenCgroup } from '../../src/cgroups/open.ts';
import { V1Cgroup } from '../../src/cgroups/v1/manager.ts';
import { V2Cgroup } from '../../src/cgroups/v2/manager.ts';

t.test('a container from its state.json', async (t) => {
  t.type(reopenCgroup({ '': '/cg/x' }), V2Cgroup);
  t.type(reopenCgroup({ '': '/cg/unified/x', memory: '/cg/memory/x' }), V1Cgroup);
  t.type(reopenCgroup({ memory: '/cg/memory/x' }), V1Cgroup);
  t.same(reopenCgroup({ '': '/cg/x' }).paths, { '': '/cg/x' });
});

t.test('a new one', async (t) => {
  const cgroup = openCgroup({ cgroupsPath: '/some/path', id: 'id' });
  const dirs = Object.values(cgroup.paths);
  t.ok(dirs.length > 0);
  for (const dir of dirs) t.match(dir, /\/some\/path$/);
  t.throws(() => openCgroup({ cgroupsPath: '../x', id: 'id' }), { code: 'CGROUP_PATH' });
});
