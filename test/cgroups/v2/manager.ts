import { readFileSync } from 'node:fs';
import t from 'tap';
import { V2Cgroup } from '../../../src/cgroups/v2/manager.ts';

const files = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '\n']));
const read = (dir: string, file: string) => readFileSync(`${dir}/${file}`, 'utf8').trim();

t.test('limits', async (t) => {
  const dir = t.testdir(files('memory.max', 'memory.swap.max', 'cpu.weight', 'cpuset.cpus', 'pids.max'));
  const cgroup = new V2Cgroup(dir);
  cgroup.set({});
  cgroup.set({ memory: { limit: 4096, swap: 8192 }, cpu: { shares: 1024, cpus: '0' }, pids: { limit: 9 } });
  t.equal(read(dir, 'memory.max'), '4096');
  t.equal(read(dir, 'memory.swap.max'), '4096');
  t.equal(read(dir, 'cpu.weight'), '100');
  t.equal(read(dir, 'cpuset.cpus'), '0');
  t.equal(read(dir, 'pids.max'), '9');
});

t.test('refused', async (t) => {
  const dir = t.testdir({ 'memory.current': '5000\n', 'memory.max': 'max\n' });
  const cgroup = new V2Cgroup(dir);
  t.throws(() => cgroup.set({ memory: { limit: 4096, checkBeforeUpdate: true } }), {
    code: 'CGROUP_SET',
    field: 'linux.resources.memory.limit',
    message: 'linux.resources.memory.limit: 4096 is below the 5000 bytes in use',
  });
  t.equal(read(dir, 'memory.max'), 'max');
  cgroup.set({ memory: { limit: 8192, checkBeforeUpdate: true } });
  t.throws(() => cgroup.set({ memory: { swappiness: 5 } }), { code: 'CGROUP_VERSION' });
});

t.test('unified: verbatim, and last', async (t) => {
  const dir = t.testdir({ ...files('cpu.weight', 'cgroup.max.depth'), 'cgroup.controllers': 'cpu memory\n' });
  const cgroup = new V2Cgroup(dir);
  cgroup.set({ cpu: { shares: 2 }, unified: { 'cpu.weight': '77', 'cgroup.max.depth': '3' } });
  t.equal(read(dir, 'cpu.weight'), '77');
  t.equal(read(dir, 'cgroup.max.depth'), '3');
  const refused = (file: string) => () => cgroup.set({ unified: { [file]: '1' } });
  t.throws(refused('io.max'), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.unified["io.max"]',
    message: `linux.resources.unified["io.max"]: cgroup controller io is not available in ${dir}`,
  });
  t.throws(refused('memory.nosuch'), { code: 'CGROUP_SET', errno: 'ENOENT' });
  t.throws(refused('cgroup.nosuch'), { code: 'CGROUP_SET', errno: 'ENOENT' });
});

t.test('a threaded cgroup cannot have processes', async (t) => {
  const dir = t.testdir({ 'cgroup.type': 'domain invalid\n' });
  t.throws(() => new V2Cgroup(dir).create(), {
    code: 'CGROUP_THREADED',
    field: 'linux.cgroupsPath',
    message: /is "domain invalid"/,
  });
});

t.test('a controller that could not be enabled is an error when it is needed', async (t) => {
  const top = t.testdir({
    'cgroup.controllers': 'memory pids\n',
    old: { 'cgroup.controllers': '\n', 'cgroup.procs': '', 'pids.max': 'max\n' },
  });
  const cgroup = new V2Cgroup(`${top}/old`, { mountPoint: top, ownProcs: undefined });
  cgroup.create();
  cgroup.set({});
  t.throws(() => cgroup.set({ pids: { limit: 5 } }), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.pids.limit',
    errno: 'ENOENT',
    message:
      `linux.resources.pids.limit: cgroup controller pids cannot be enabled: ` +
      `write "+pids" to ${top}/cgroup.subtree_control: no such file or directory`,
  });
});

t.test('frozen, and SIGKILL in one write', async (t) => {
  const dir = t.testdir({ 'cgroup.events': 'populated 1\nfrozen 1\n', 'cgroup.kill': '' });
  const cgroup = new V2Cgroup(dir);
  t.equal(cgroup.frozen(), true);
  cgroup.kill();
  t.equal(read(dir, 'cgroup.kill'), '1');
});
