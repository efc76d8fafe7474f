import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { firstLimit, mayMake, NoCgroup } from '../../src/cgroups/none.ts';

t.test('what of linux.resources is a limit', async (t) => {
  t.equal(firstLimit({}), undefined);
  t.equal(
    firstLimit({ devices: [{ allow: false, access: 'rwm' }] }),
    undefined,
    'rules for devices are none',
  );
  t.equal(firstLimit({ memory: {}, unified: {}, hugepageLimits: [] }), undefined, 'nothing is said');
  t.equal(firstLimit({ memory: {}, pids: { limit: 0 } }), 'linux.resources.pids');
  t.equal(firstLimit({ unified: { 'cpu.weight': '1' } }), 'linux.resources.unified');
});

t.test('what needs a cgroup is refused', async (t) => {
  const none = new NoCgroup();
  none.set({ devices: [] });
  const error = { code: 'CGROUP_ROOTLESS', hint: /systemd-run --user --scope/ };
  t.throws(() => none.set({ memory: { limit: 1 } }), { ...error, message: /^linux\.resources\.memory: / });
  for (const action of [() => none.freeze(), () => none.stats(), () => none.processes()])
    t.throws(action, error);
  t.same([none.joinFiles(), none.frozen(), none.paths], [[], false, {}]);
});

t.test('where one may make cgroups', async (t) => {
  const top = t.testdir({ a: {} });
  t.ok(mayMake({ pids: join(top, 'a/b/c') }), 'below what is there');
  t.notOk(mayMake({ '': join(top, 'a/b') }), 'version 2: without a file to move processes by');
  writeFileSync(join(top, 'a/cgroup.procs'), '');
  t.ok(mayMake({ '': join(top, 'a/b'), pids: join(top, 'b') }));
  mkdirSync(join(top, 'closed'));
  chmodSync(join(top, 'closed'), 0o555);
  // Nobody keeps root out.
  if (process.geteuid?.() !== 0) t.notOk(mayMake({ pids: join(top, 'closed/b') }));
});
