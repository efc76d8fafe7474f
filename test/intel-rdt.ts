import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import {
  checkRdt,
  difference,
  discardRdt,
  joinRdt,
  planRdt,
  removeRdt,
  setSchemata,
} from '../src/intel-rdt.ts';
import type { IntelRdt } from '../src/spec/config.ts';

/** A directory that stands in for a mounted resctrl: no machine that runs these tests has one. */
function resctrl(t: Test, groups: Record<string, string> = {}): string {
  const root = t.testdir({
    info: { last_cmd_status: 'ok\n', MB: { bandwidth_gran: '10\n' } },
    mon_groups: {},
  });
  for (const [name, schemata] of Object.entries({ '': 'L3:0=fff\n', ...groups })) {
    mkdirSync(`${root}/${name}`, { recursive: true });
    writeFileSync(`${root}/${name}/schemata`, schemata);
    writeFileSync(`${root}/${name}/tasks`, '');
  }
  return root;
}

const plan = (rdt: IntelRdt, root = '/r') => planRdt(rdt, 'ID', root);

t.test('the group and its schemata', async (t) => {
  t.same(plan({}), { root: '/r', group: '/r/ID', isOwn: true, schemata: '', monitor: undefined });
  t.match(plan({ closID: '' }), { group: '/r/ID', isOwn: true });
  t.match(plan({ closID: 'gold' }), { group: '/r/gold', isOwn: false });
  t.match(plan({ closID: '/', enableMonitoring: true }), {
    group: '/r',
    isOwn: false,
    monitor: '/r/mon_groups/ID',
  });
  t.equal(plan({ enableMonitoring: true }).monitor, '/r/ID/mon_groups/ID');
  const all = { l3CacheSchema: 'L3:0=7f0;1=1f', memBwSchema: 'MB:0=20;1=70', schemata: ['L2:0=f', 'L2:1=f'] };
  t.equal(plan(all).schemata, 'L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f\nL2:1=f\n', 'in this order');
  const mixed = { l3CacheSchema: 'MB:0=10\nL3:0=f\n', memBwSchema: 'MB:0=20' };
  t.equal(plan(mixed).schemata, 'L3:0=f\nMB:0=20\n', 'memory bandwidth is from memBwSchema');
});

t.test('comparison', async (t) => {
  const present = '    MB:0=30;1=100\n    L3:0=00ff;1=0ff0\nL2CODE:0=f\n';
  t.equal(difference('', present, 10), undefined);
  t.equal(difference('L3:0=ff;1=ff0\nMB:1=100\n', present, 10), undefined, 'as the kernel writes it');
  t.equal(difference('L3:1=FF0\n', present, 10), undefined, 'one domain of them');
  t.equal(difference('MB:0=25\n', present, 10), undefined, 'as the kernel rounds it');
  t.equal(difference('MB:0=25\n', present, 1), 'MB:0=30 instead of MB:0=25');
  t.equal(difference('L3:0=30\n', present, 10), 'L3:0=00ff instead of L3:0=30', 'masks are not rounded');
  t.equal(difference('L3:2=f\n', present, 10), 'L3:2=(nothing) instead of L3:2=f');
  t.equal(difference('L2:0=f\n', present, 10), 'L2:0=(nothing) instead of L2:0=f');
});

t.test('a group of the container’s own', async (t) => {
  const root = resctrl(t);
  const own = plan({ l3CacheSchema: 'L3:0=f' }, root);
  checkRdt(own);
  const made: string[] = [];
  joinRdt(own, 4321, made);
  t.same(made, [`${root}/ID`]);
  t.equal(readFileSync(`${root}/ID/schemata`, 'utf8'), 'L3:0=f\n');
  t.equal(readFileSync(`${root}/ID/tasks`, 'utf8'), '4321');
  t.throws(() => checkRdt(own), {
    code: 'RDT_GROUP',
    message: `linux.intelRdt: the group ${root}/ID of this container is there already`,
  });
});

t.test('without schemata none are written', async (t) => {
  const root = resctrl(t);
  joinRdt(plan({}, root), 1, []);
  t.notOk(existsSync(`${root}/ID/schemata`));
  t.equal(readFileSync(`${root}/schemata`, 'utf8'), 'L3:0=fff\n');
});

t.test('a group that is named', async (t) => {
  const root = resctrl(t, { gold: 'L3:0=f\n' });
  const check = (rdt: IntelRdt) => checkRdt(plan(rdt, root));
  check({ closID: 'gold' });
  check({ closID: 'gold', l3CacheSchema: 'L3:0=00f' });
  check({ closID: '/', l3CacheSchema: 'L3:0=fff' });
  check({ closID: 'new', l3CacheSchema: 'L3:0=f' });
  const field = 'linux.intelRdt.closID';
  t.throws(() => check({ closID: 'gold', schemata: ['L3:0=1'] }), {
    field,
    message: `${field}: the group ${root}/gold is there already, with L3:0=f instead of L3:0=1`,
  });
  t.throws(() => check({ closID: 'silver', enableMonitoring: true }), {
    field,
    message: /no schema to make one/,
  });
  t.throws(() => check({ closID: 'info' }), { field, message: /is no group/ });
  const made: string[] = [];
  joinRdt(plan({ closID: 'gold', l3CacheSchema: 'L3:0=00f' }, root), 7, made);
  t.same(made, []);
  t.equal(readFileSync(`${root}/gold/schemata`, 'utf8'), 'L3:0=f\n', 'is not written again');
  t.equal(readFileSync(`${root}/gold/tasks`, 'utf8'), '7');
});

t.test('monitoring', async (t) => {
  const root = resctrl(t, { gold: 'L3:0=f\n' });
  const monitored = plan({ closID: 'gold', enableMonitoring: true }, root);
  t.throws(() => joinRdt(monitored, 7, []), {
    field: 'linux.intelRdt.enableMonitoring',
    message: /enableMonitoring: make the group .*no such file or directory$/,
  });
  mkdirSync(`${root}/gold/mon_groups`);
  const made: string[] = [];
  joinRdt(monitored, 7, made);
  t.same(made, [`${root}/gold/mon_groups/ID`]);
  t.equal(readFileSync(`${root}/gold/mon_groups/ID/tasks`, 'utf8'), '7');
});

t.test('what the kernel says of a failure', async (t) => {
  const root = resctrl(t);
  writeFileSync(`${root}/info/last_cmd_status`, 'mask f0f has non-consecutive 1-bits\n');
  const own = plan({ enableMonitoring: true }, root);
  t.throws(() => joinRdt(own, 1, []), {
    message: /no such file or directory: mask f0f has non-consecutive 1-bits$/,
  });
});

t.test('removal', async (t) => {
  const root = resctrl(t);
  mkdirSync(`${root}/own`);
  removeRdt([`${root}/own`, `${root}/own/gone`]);
  t.notOk(existsSync(`${root}/own`));
  t.ok(existsSync(root));
});

t.test('a failed create leaves a named group alone that others are in', async (t) => {
  const root = resctrl(t, { shared: '' });
  writeFileSync(`${root}/shared/tasks`, '99\n');
  const monitor = `${root}/mon_groups/ID`;
  mkdirSync(monitor);
  discardRdt(plan({ closID: 'shared', schemata: ['L3:0=f'] }, root), [`${root}/shared`, monitor]);
  t.ok(existsSync(`${root}/shared`));
  t.notOk(existsSync(monitor));
});

t.test('an update changes the schemata of the group', async (t) => {
  const root = t.testdir({ info: {}, c1: { schemata: 'L3:0=f\n' } });
  setSchemata(planRdt({ l3CacheSchema: 'L3:0=3', memBwSchema: 'MB:0=20' }, 'c1', root));
  t.equal(readFileSync(`${root}/c1/schemata`, 'utf8'), 'L3:0=3\nMB:0=20\n');
});
