import t from 'tap';
import { changeProcess, type ProcessChange } from '../../src/spec/change-process.ts';
import type { Process } from '../../src/spec/config.ts';

const NOTHING: ProcessChange = {
  args: ['ls'],
  terminal: false,
  env: [],
  capabilities: [],
  noNewPrivileges: false,
  user: { additionalGids: [] },
  cwd: undefined,
  selinuxLabel: undefined,
  apparmorProfile: undefined,
};
const PRESENT: Process = {
  args: ['init'],
  cwd: '/srv',
  terminal: true,
  env: ['A=1'],
  user: { uid: 1, gid: 2, umask: 7, additionalGids: [3] },
  noNewPrivileges: true,
  capabilities: { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'] },
  oomScoreAdj: 5,
  selinuxLabel: 'label',
  apparmorProfile: 'profile',
};
const changed = (change: Partial<ProcessChange>, present = PRESENT) =>
  changeProcess(present, { ...NOTHING, ...change });

t.test('what is not said stays, but for the program and its terminal', async (t) => {
  t.same(changed({}), { ...PRESENT, args: ['ls'], terminal: false });
  t.same(changed({}, { args: [], cwd: '/' }), {
    args: ['ls'],
    cwd: '/',
    terminal: false,
    env: [],
    user: { additionalGids: [] },
    noNewPrivileges: false,
  });
});

t.test('what is said', async (t) => {
  t.match(changed({ cwd: '/x', terminal: true, selinuxLabel: 'a', apparmorProfile: 'b' }), {
    cwd: '/x',
    terminal: true,
    selinuxLabel: 'a',
    apparmorProfile: 'b',
  });
  t.same(changed({ env: ['B=2', 'A=3'] }).env, ['A=1', 'B=2', 'A=3']);
  t.same(changed({ user: { uid: 9, additionalGids: [8] } }).user, {
    uid: 9,
    gid: 2,
    umask: 7,
    additionalGids: [3, 8],
  });
  t.same(changed({ user: { uid: 9, gid: 0, additionalGids: [] } }).user?.gid, 0);
  t.equal(changed({ noNewPrivileges: true }, { args: [], cwd: '/' }).noNewPrivileges, true);
});

t.test('capabilities', async (t) => {
  const added = changed({ capabilities: ['CAP_CHOWN'] }).capabilities;
  t.same(added, {
    bounding: ['CAP_KILL', 'CAP_CHOWN'],
    effective: ['CAP_CHOWN'],
    permitted: ['CAP_KILL', 'CAP_CHOWN'],
    ambient: [],
  });
  const present = { ...PRESENT, capabilities: { inheritable: ['CAP_CHOWN'], ambient: [] } };
  const ambient = changed({ capabilities: ['CAP_CHOWN', 'CAP_KILL'] }, present).capabilities;
  t.same(ambient?.inheritable, ['CAP_CHOWN'], 'never inheritable by an option');
  t.same(ambient?.ambient, ['CAP_CHOWN'], 'ambient where inheritable');
});
