import t from 'tap';
import { grantable, planCapabilities } from '../../src/process/capabilities.ts';

t.test('masks', async (t) => {
  t.same(planCapabilities({ bounding: ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE'], ambient: ['CAP_KILL'] }), {
    bounding: 1n | (1n << 40n),
    effective: 0n,
    permitted: 0n,
    inheritable: 0n,
    ambient: [5],
    unknown: [],
  });
});

t.test('unknown names are left out and told', async (t) => {
  const plan = planCapabilities({
    effective: ['CAP_FLY', 'KILL', 'cap_kill', 'CAP_KILL'],
    bounding: ['CAP_FLY'],
  });
  t.equal(plan.effective, 1n << 5n);
  t.same(plan.unknown, ['CAP_FLY', 'KILL', 'cap_kill']);
});

t.test('none means none', async (t) => {
  t.match(planCapabilities(), { bounding: 0n, effective: 0n, permitted: 0n, inheritable: 0n, ambient: [] });
});

t.test('what can be granted', async (t) => {
  const names = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SYS_ADMIN'];
  const plan = planCapabilities({
    bounding: ['CAP_CHOWN'],
    effective: names,
    permitted: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
    inheritable: names,
  });
  const held = planCapabilities({ permitted: ['CAP_CHOWN', 'CAP_KILL'] });
  t.same(grantable(plan, held), { permitted: 1n, effective: 1n, inheritable: 1n });
});
