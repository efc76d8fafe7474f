import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { V1Cgroup } from '../../../src/cgroups/v1/manager.ts';

const FILES = { memory: ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'], devices: ['devices.deny'] };

t.test('create undoes what it made when it fails', async (t) => {
  const top = t.testdir({ cpuset: { 'cpuset.cpus': '0\n', 'cpuset.mems': '0\n' } });
  const cgroup = new V1Cgroup({ memory: `${top}/memory/a/b`, cpuset: `${top}/cpuset/x` });
  // An ordinary directory has no cpuset.cpus to be filled.
  t.throws(() => cgroup.create(), { code: 'CGROUP_SET', errno: 'ENOENT' });
  t.throws(() => readFileSync(`${top}/memory`), { code: 'ENOENT' });
});

t.test('controllers that share a hierarchy share the directory', async (t) => {
  const dir = t.testdir({ 'cgroup.procs': '77\n' });
  const cgroup = new V1Cgroup({ cpu: dir, cpuacct: dir });
  t.same(cgroup.joinFiles(), [`${dir}/tasks`]);
  t.same(cgroup.processes(), [77]);
});

t.test('a controller that is not mounted', async (t) => {
  const cgroup = new V1Cgroup({ memory: t.testdir() });
  cgroup.set({});
  cgroup.set({ blockIO: { weight: 0 }, hugepageLimits: [], network: { classID: 0 }, rdma: {}, unified: {} });
  cgroup.setDevices([]);
  for (const [controller, property, resources] of [
    ['pids', 'pids.limit', { pids: { limit: 5 } }],
    ['blkio', 'blockIO.weight', { blockIO: { weight: 5 } }],
    ['hugetlb', 'hugepageLimits[0].limit', { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] }],
    ['net_cls', 'network.classID', { network: { classID: 5 } }],
    ['net_prio', 'network.priorities[0]', { network: { priorities: [{ name: 'lo', priority: 5 }] } }],
    ['rdma', 'rdma.x', { rdma: { x: { hcaHandles: 5 } } }],
  ] as const) {
    t.throws(() => cgroup.set(resources), {
      code: 'CGROUP_CONTROLLER',
      field: `linux.resources.${property}`,
      message: `linux.resources.${property}: cgroup controller ${controller} is not mounted`,
    });
  }
  t.throws(() => cgroup.setDevices([{ allow: false }]), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.devices[0]',
  });
  t.throws(() => cgroup.set({ unified: { 'memory.high': '5' } }), {
    code: 'CGROUP_VERSION',
    field: 'linux.resources.unified',
  });
});

t.test('hybrid: the other half does what version 1 lacks, and is then joined late', async (t) => {
  const top = t.testdir({
    'cgroup.controllers': 'hugetlb\n',
    'cgroup.subtree_control': '',
    own: {
      'cgroup.controllers': 'hugetlb\n',
      'cgroup.procs': '',
      'hugetlb.2MB.max': '',
      'hugetlb.2MB.rsvd.max': '',
    },
    pids: { 'pids.max': '', 'cgroup.procs': '' },
  });
  const paths = { '': `${top}/own`, pids: `${top}/pids` };
  const free = new V1Cgroup(paths, top);
  free.set({ pids: { limit: 5 } });
  free.prepareJoin(7);
  t.equal(readFileSync(`${top}/own/cgroup.procs`, 'utf8'), '7');
  t.same(free.joinFiles(), [`${top}/pids/tasks`]);

  t.same(
    new V1Cgroup(paths, top).joinFiles(),
    [`${top}/pids/tasks`, `${top}/own/cgroup.procs`],
    'unprepared',
  );

  const limited = new V1Cgroup(paths, top);
  limited.set({ hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] });
  t.equal(readFileSync(`${top}/own/hugetlb.2MB.max`, 'utf8'), '4194304');
  limited.prepareJoin(8);
  t.equal(readFileSync(`${top}/own/cgroup.procs`, 'utf8'), '7', 'not yet');
  t.same(limited.joinFiles(), [`${top}/pids/tasks`, `${top}/own/cgroup.procs`]);
  t.throws(() => limited.set({ unified: { 'memory.high': '5' } }), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.unified["memory.high"]',
    message: `linux.resources.unified["memory.high"]: cgroup controller memory is not available in ${top}/own`,
  });
});

t.test('the present limit of memory and swap decides the order', async (t) => {
  const dir = t.testdir();
  for (const file of FILES.memory) writeFileSync(`${dir}/${file}`, '4096\n');
  const cgroup = new V1Cgroup({ memory: dir });
  rmSync(`${dir}/memory.limit_in_bytes`);
  const refused = /memory\.limit_in_bytes/;
  t.throws(() => cgroup.set({ memory: { limit: 8192, swap: 9000 } }), { message: refused });
  t.equal(readFileSync(`${dir}/memory.memsw.limit_in_bytes`, 'utf8').trim(), '9000', 'swap first');
});

t.test('without a freezer nothing can be paused', async (t) => {
  const message = 'cgroup controller freezer is not mounted';
  t.throws(() => new V1Cgroup({ memory: t.testdir() }).freeze(), { code: 'CGROUP_CONTROLLER', message });
});

t.test('freezer', async (t) => {
  const dir = t.testdir();
  const cgroup = new V1Cgroup({ freezer: dir });
  t.equal(cgroup.frozen(), false);
  for (const [state, frozen] of [
    ['THAWED', false],
    ['FREEZING', true],
    ['FROZEN', true],
  ] as const) {
    writeFileSync(`${dir}/freezer.state`, `${state}\n`);
    t.equal(cgroup.frozen(), frozen, state);
  }
  mkdirSync(`${dir}/sub`);
  cgroup.kill();
  t.match(readFileSync(`${dir}/freezer.state`, 'utf8'), 'THAWED');
});
