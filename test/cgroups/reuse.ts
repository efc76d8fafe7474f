import t from 'tap';
import { refuseReuse } from '../../src/cgroups/reuse.ts';
import type { Cgroup } from '../../src/cgroups/types.ts';

const cgroup = (frozen: boolean) => ({ frozen: () => frozen }) as Cgroup;

t.test('empty and thawed', async (t) => {
  const dir = t.testdir({ 'cgroup.procs': '' });
  refuseReuse(cgroup(false), [dir]);
  refuseReuse(cgroup(false), []);
  t.pass('accepted');
});

t.test('in use: each process counts once', async (t) => {
  const dir = t.testdir({ cpu: { 'cgroup.procs': '5\n6\n' }, pids: { 'cgroup.procs': '5\n' } });
  t.throws(() => refuseReuse(cgroup(false), [`${dir}/cpu`, `${dir}/pids`]), {
    code: 'CGROUP_NOT_EMPTY',
    field: 'linux.cgroupsPath',
    message: "container's cgroup is not empty: 2 process(es) found",
    hint: /5, 6/,
  });
});

t.test('frozen', async (t) => {
  t.throws(() => refuseReuse(cgroup(true), []), {
    code: 'CGROUP_FROZEN',
    message: "container's cgroup unexpectedly frozen",
  });
});
