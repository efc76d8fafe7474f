/** On the cgroup filesystems of this machine; needs root. Everything it makes is named /trunc-test-PID-TIME. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { joinCgroup } from '../../src/cgroups/file.ts';
import { openCgroup, reopenCgroup } from '../../src/cgroups/open.ts';
import type { Cgroup } from '../../src/cgroups/types.ts';
import { V2Cgroup } from '../../src/cgroups/v2/manager.ts';

const NAME = `trunc-test-${process.pid}-${Date.now()}`;
const isRoot = process.getuid?.() === 0;
const present = isRoot ? openCgroup({ cgroupsPath: '/x', id: 'x' }).paths : {};
const needsV1 = { skip: present.memory && present.devices ? false : 'needs root and the v1 hierarchies' };
const unifiedTop = present['']?.replace(/\/x$/, '');
const needsV2 = { skip: unifiedTop ? false : 'needs root and a mounted version 2' };

const open = (path: string) => openCgroup({ cgroupsPath: path, id: 'id' });
const dirsOf = (cgroup: Cgroup) => Object.values(cgroup.paths);
const join = (cgroup: Cgroup, pid: number) => {
  for (const dir of new Set(dirsOf(cgroup))) joinCgroup(dir, pid);
};
const read = (cgroup: Cgroup, controller: string, file: string) =>
  readFileSync(`${cgroup.paths[controller]}/${file}`, 'utf8').trim();

async function sleeper(t: Test): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  t.teardown(() => void child.kill('SIGKILL'));
  return child as ChildProcess & { pid: number };
}

function tidy(t: Test, cgroup: Cgroup): Cgroup {
  t.teardown(() => {
    cgroup.kill();
    cgroup.remove();
  });
  return cgroup;
}

t.test('a life in all hierarchies', needsV1, async (t) => {
  const cgroup = tidy(t, open(`/${NAME}/life`));
  cgroup.create();
  for (const dir of dirsOf(cgroup)) t.ok(existsSync(dir), dir);
  t.not(read(cgroup, 'cpuset', 'cpuset.cpus'), '', 'can be joined');

  const child = await sleeper(t);
  join(cgroup, child.pid);
  for (const line of readFileSync(`/proc/${child.pid}/cgroup`, 'utf8').trim().split('\n')) {
    const [, controllers = ''] = line.split(':');
    // Another test may have a further hierarchy mounted for itself.
    if (controllers.split(',').some((name) => name in cgroup.paths))
      t.match(line, new RegExp(`:/${NAME}/life$`));
  }
  const reopened = reopenCgroup(JSON.parse(JSON.stringify(cgroup.paths)));
  t.same(reopened.processes(), [child.pid]);
  t.equal(reopened.frozen(), false);

  reopened.kill();
  await once(child, 'exit');
  cgroup.remove();
  for (const dir of dirsOf(cgroup)) t.notOk(existsSync(dir), dir);
  t.notOk(existsSync(`${cgroup.paths.memory}/..`), 'the parents it made are gone too');
  t.same(reopened.processes(), []);
  t.equal(reopened.frozen(), false);
  reopened.kill();
  reopened.remove();
});

t.test('limits', needsV1, async (t) => {
  const cgroup = tidy(t, open(`/${NAME}-limits`));
  cgroup.create();
  cgroup.set({
    memory: { limit: 8388608, swap: 16777216, reservation: 4194304, swappiness: 7, disableOOMKiller: true },
    cpu: { shares: 512, quota: 50000, period: 200000, burst: 1000, cpus: '0', mems: '0' },
    pids: { limit: 3 },
  });
  cgroup.setDevices([{ allow: false }, { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }]);
  t.equal(read(cgroup, 'memory', 'memory.limit_in_bytes'), '8388608');
  t.equal(read(cgroup, 'memory', 'memory.memsw.limit_in_bytes'), '16777216');
  t.equal(read(cgroup, 'memory', 'memory.soft_limit_in_bytes'), '4194304');
  t.equal(read(cgroup, 'memory', 'memory.swappiness'), '7');
  t.match(read(cgroup, 'memory', 'memory.oom_control'), 'oom_kill_disable 1');
  t.equal(read(cgroup, 'cpu', 'cpu.shares'), '512');
  t.equal(read(cgroup, 'cpu', 'cpu.cfs_quota_us'), '50000');
  t.equal(read(cgroup, 'cpu', 'cpu.cfs_period_us'), '200000');
  t.equal(read(cgroup, 'cpu', 'cpu.cfs_burst_us'), '1000');
  t.equal(read(cgroup, 'cpuset', 'cpuset.cpus'), '0');
  t.equal(read(cgroup, 'pids', 'pids.max'), '3');
  const devices = read(cgroup, 'devices', 'devices.list').split('\n');
  t.ok(devices.includes('c 10:229 rw') && devices.includes('c 1:3 rwm') && !devices.includes('a *:* rwm'));

  cgroup.set({ memory: { limit: 33554432, swap: 67108864 }, cpu: { idle: 1 } });
  t.equal(read(cgroup, 'memory', 'memory.limit_in_bytes'), '33554432', 'raised above the old sum');
  t.equal(read(cgroup, 'cpu', 'cpu.idle'), '1');
  cgroup.set({ memory: { limit: -1 }, pids: { limit: -1 } });
  t.equal(read(cgroup, 'pids', 'pids.max'), 'max');
  cgroup.setDevices([]);
  t.same(
    read(cgroup, 'devices', 'devices.list').split('\n').length,
    11,
    'without rules: the default devices',
  );
});

t.test('a refused value names the property, the file and the reason', needsV1, async (t) => {
  const cgroup = tidy(t, open(`/${NAME}-refused`));
  cgroup.create();
  t.throws(() => cgroup.set({ cpu: { quota: 1 } }), {
    code: 'CGROUP_SET',
    field: 'linux.resources.cpu.quota',
    errno: 'EINVAL',
    message: `linux.resources.cpu.quota: write "1" to ${cgroup.paths.cpu}/cpu.cfs_quota_us: invalid argument`,
    hint: /./,
  });
  t.throws(() => cgroup.set({ cpu: { cpus: '9999' } }), {
    code: 'CGROUP_SET',
    field: 'linux.resources.cpu.cpus',
  });
  const { memory: _, ...others } = cgroup.paths;
  t.throws(() => reopenCgroup(others).set({ memory: { limit: 5 } }), {
    code: 'CGROUP_CONTROLLER',
    field: 'linux.resources.memory.limit',
  });
});

t.test('a cgroup that is there: empty, in use, frozen', needsV1, async (t) => {
  const first = tidy(t, open(`/${NAME}-again`));
  first.create();
  const second = open(`/${NAME}-again`);
  second.create();

  const child = await sleeper(t);
  join(second, child.pid);
  t.throws(() => open(`/${NAME}-again`).create(), {
    code: 'CGROUP_NOT_EMPTY',
    message: "container's cgroup is not empty: 1 process(es) found",
  });
  t.throws(() => first.remove(), { code: 'CGROUP_BUSY', message: new RegExp(`processes ${child.pid} `) });
  writeFileSync(`${first.paths.freezer}/freezer.state`, 'FROZEN');
  t.equal(first.frozen(), true);
  const below = open(`/${NAME}-again/below/x`);
  t.throws(() => below.create(), {
    code: 'CGROUP_FROZEN',
    message: "container's cgroup unexpectedly frozen",
  });
  t.notOk(existsSync(`${below.paths.memory}/..`), 'what it made is gone');

  first.kill();
  await once(child, 'exit');
  t.equal(first.frozen(), false, 'thawed, or it would not have ended');
});

t.test('cgroups below, made by the container, go with it', needsV1, async (t) => {
  const cgroup = tidy(t, open(`/${NAME}-deep`));
  cgroup.create();
  mkdirSync(`${cgroup.paths.pids}/a/b`, { recursive: true });
  mkdirSync(`${cgroup.paths.devices}/a`);
  const child = await sleeper(t);
  writeFileSync(`${cgroup.paths.devices}/a/cgroup.procs`, String(child.pid));
  t.same(cgroup.processes(), [child.pid]);
  cgroup.kill(15);
  const [, signal] = await once(child, 'exit');
  t.equal(signal, 'SIGTERM');
  cgroup.remove();
  t.notOk(existsSync(cgroup.paths.pids as string));
});

t.test('version 2 alone', needsV2, async (t) => {
  const dir = `${unifiedTop}/${NAME}-v2/leaf`;
  const enabled = readFileSync(`${unifiedTop}/cgroup.subtree_control`, 'utf8').trim().split(' ');
  const available = readFileSync(`${unifiedTop}/cgroup.controllers`, 'utf8').trim();
  const cgroup = tidy(t, new V2Cgroup(dir, { mountPoint: unifiedTop as string, ownProcs: undefined }));
  cgroup.create();
  t.equal(readFileSync(`${dir}/cgroup.controllers`, 'utf8').trim(), available);
  t.teardown(() => {
    for (const name of available.split(' ').filter((name) => name !== '' && !enabled.includes(name))) {
      writeFileSync(`${unifiedTop}/cgroup.subtree_control`, `-${name}`);
    }
  });
  const child = await sleeper(t);
  join(cgroup, child.pid);
  t.same(cgroup.processes(), [child.pid]);
  t.throws(() => new V2Cgroup(dir).create(), { code: 'CGROUP_NOT_EMPTY' });

  writeFileSync(`${dir}/cgroup.freeze`, '1');
  while (!cgroup.frozen()) await new Promise((resolve) => setTimeout(resolve, 1));
  cgroup.kill();
  await once(child, 'exit');
  t.throws(() => new V2Cgroup(dir).create(), { code: 'CGROUP_FROZEN' });
  cgroup.remove();
  t.notOk(existsSync(dir));
  t.notOk(existsSync(`${unifiedTop}/${NAME}-v2`));
  t.equal(cgroup.frozen(), false);
});

t.test('joining errors', needsV2, async (t) => {
  const cgroup = tidy(t, new V2Cgroup(`${unifiedTop}/${NAME}-join`));
  t.throws(() => join(cgroup, process.pid), { code: 'CGROUP_JOIN', errno: 'ENOENT' });
  cgroup.create();
  t.throws(() => join(cgroup, 0x3fffff), { code: 'CGROUP_JOIN', errno: 'ESRCH' });
});

t.test('our own cgroup.procs takes a write that changes nothing', needsV2, async (t) => {
  const before = readFileSync('/proc/self/cgroup', 'utf8');
  new V2Cgroup('/x', { mountPoint: '/', ownProcs: `${unifiedTop}/cgroup.procs` }).prepareJoin();
  t.equal(readFileSync('/proc/self/cgroup', 'utf8'), before);
});
