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
  const dir = t.testdir({ 'cgroup.procs': '' });
  const cgroup = new V1Cgroup({ cpu: dir, cpuacct: dir });
  cgroup.add(77);
  t.equal(readFileSync(`${dir}/cgroup.procs`, 'utf8'), '77');
  t.same(cgroup.processes(), [77]);
});

t.test('a controller that is not mounted', async (t) => {
  const cgroup = new V1Cgroup({ memory: t.testdir() });
  cgroup.set();
  t.throws(() => cgroup.set({ pids: { limit: 5 } }), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.pids.limit',
    message: 'cgroup controller pids is not mounted',
  });
  t.throws(() => cgroup.set({ devices: [{ allow: false }] }), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.devices[0]',
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
