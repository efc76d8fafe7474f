// Boots: hybrid, legacy
/** The systemd driver where there is version 1: hybrid, where systemd knows its processes by version 2, and alone. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import type { Resources } from '../helpers/bundle.ts';
import { disk, settings } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, refused, runtime, state, succeed, waitFor } from '../helpers/runtime.ts';
import { globals, show, unit, units } from '../helpers/systemd.ts';

suite('root', 'cgroup-v1');

const MIB = 1 << 20;
const PROPERTIES = ['MemoryLimit', 'TasksMax', 'CPUShares', 'CPUQuotaPerSecUSec', 'DevicePolicy'];
const reload = () => spawnSync('systemctl', ['daemon-reload']);
const hierarchies = () => readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');

const limits: Resources = {
  memory: { limit: 64 * MIB, swap: 96 * MIB },
  cpu: { shares: 512, quota: 25_500, period: 100_000, cpus: '0' },
  pids: { limit: 9 },
  hugepageLimits: [{ pageSize: '2MB', limit: 4 * MIB }],
  network: { classID: 1048577, priorities: [{ name: 'lo', priority: 7 }] },
  blockIO: { throttleReadBpsDevice: [{ ...(disk() as { major: number; minor: number }), rate: MIB }] },
  devices: [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 11, access: 'rw' },
    { allow: false, type: 'c', major: 1, minor: 11, access: 'w' },
  ],
};

t.test('a container is a scope, in every hierarchy, and its limits hold when systemd reloads', async (t) => {
  const { id, pid, scope, cgroup, file } = unit(t, ({ linux, process }) => {
    linux.resources = limits;
    linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666 }];
    process.args = [
      '/bin/sh',
      '-c',
      'while true; do (exec 3</dev/kmsg) && (exec 3>/dev/kmsg) || sleep 1; done',
    ];
  });
  const members = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  t.same(
    members.filter((line) => !line.endsWith(`:${cgroup}`)),
    [],
    'it is in all of them',
  );
  t.equal(members.length, hierarchies().length);
  const values = () => ({
    memory: file('memory/memory.limit_in_bytes', ''),
    swap: file('memory/memory.memsw.limit_in_bytes', ''),
    cpu: [file('cpu/cpu.shares', ''), file('cpu/cpu.cfs_quota_us', ''), file('cpu/cpu.cfs_period_us', '')],
    cpuset: file('cpuset/cpuset.cpus', ''),
    pids: file('pids/pids.max', ''),
    hugetlb: file('hugetlb/hugetlb.2MB.limit_in_bytes', ''),
    network: [file('net_cls/net_cls.classid', ''), /^lo 7$/m.test(file('net_prio/net_prio.ifpriomap', ''))],
    blkio: file('blkio/blkio.throttle.read_bps_device', '').replace(/.* /, ''),
    devices: file('devices/devices.list', '')
      .split('\n')
      .filter((line) => line.startsWith('c 1:11')),
  });
  const expected = {
    memory: String(64 * MIB),
    swap: String(96 * MIB),
    cpu: ['512', '25500', '100000'],
    cpuset: '0',
    pids: '9',
    hugetlb: String(4 * MIB),
    network: ['1048577', true],
    blkio: String(MIB),
    devices: ['c 1:11 r'],
  };
  t.same(values(), expected);
  t.match(show(scope, 'Slice', 'Delegate', ...PROPERTIES), {
    Slice: 'system.slice',
    Delegate: 'yes',
    MemoryLimit: String(64 * MIB),
    TasksMax: '9',
    CPUShares: '512',
    CPUQuotaPerSecUSec: '260ms',
    DevicePolicy: 'strict',
  });
  reload();
  spawnSync('systemctl', ['set-property', '--runtime', scope, 'MemoryLimit=96M']);
  // Which makes systemd write all it knows, where quotas are in whole percents.
  const changed = { ...expected, memory: String(96 * MIB), cpu: ['512', '26000', '100000'] };
  t.same(values(), changed, 'after a reload, and a change by an administrator');

  succeed(['delete', '--force', id], { globals });
  t.equal(units(scope), '', 'the unit is gone');
  for (const line of hierarchies()) {
    const name = line.split(':')[1]?.replace('name=', '') || 'unified';
    t.notOk(existsSync(`/sys/fs/cgroup/${name}${cgroup}`), `and its cgroup of ${name}`);
  }
});

// The peers leave device rules alone.
t.test('updates, also of device rules, with cgroups below', only('trunc'), async (t) => {
  const { id, scope, cgroup, file, output, command } = unit(t, ({ process }) => {
    process.args = [
      ...['/bin/sh', '-c'],
      'mknod /tmp/device c 60 0; while true; do cat /tmp/device 2>&1; sleep .1; done',
    ];
  });
  mkdirSync(`/sys/fs/cgroup/devices${cgroup}/below`);
  const change = (resources: Resources) =>
    command(['update', '--resources', '-', id], { stdin: JSON.stringify(resources) });
  const says = async (text: RegExp) => {
    const before = output.stdout.length;
    while (output.stdout.length < before + 120) await new Promise((resolve) => setTimeout(resolve, 100));
    t.match(output.stdout.trim().split('\n').at(-1), text);
  };
  const rule = { type: 'c', major: 60, minor: 0, access: 'rwm' } as const;
  await says(/not permitted/);
  t.equal(change({ memory: { limit: 96 * MIB }, devices: [{ allow: true, ...rule }] }).status, 0);
  t.equal(file('memory/memory.limit_in_bytes', ''), String(96 * MIB));
  t.equal(show(scope, 'MemoryLimit').MemoryLimit, String(96 * MIB));
  await says(/No such device/);
  reload();
  await says(/No such device/);

  const before = [settings(cgroup), show(scope, ...PROPERTIES)];
  const bad = { pids: { limit: 7 }, cpu: { quota: 30_000, cpus: '77' }, memory: { limit: 32 * MIB } };
  refused(t, change({ ...bad, devices: [{ allow: false, ...rule }] }), /cpuset\.cpus/);
  t.same([settings(cgroup), show(scope, ...PROPERTIES)], before, 'one that fails changes nothing');
  t.equal(change({ devices: [{ allow: false, ...rule }] }).status, 0);
  await says(/not permitted/);
});

t.test('pause, resume, events and the end', async (t) => {
  const { id, scope, output, command } = unit(t, ({ linux, process }) => {
    linux.resources = { memory: { limit: 64 * MIB } };
    process.args = ['/bin/sh', '-c', 'while true; do echo x; sleep .05; done'];
  });
  succeed(['pause', id], { globals });
  t.equal(state(id)?.status, 'paused');
  const before = output.stdout.length;
  if (runtime.kind !== 'crun') {
    const { data } = JSON.parse(command(['events', '--stats', id]).stdout);
    t.equal(data.memory.usage.limit, 64 * MIB);
    t.ok(data.pids.current > 0);
  }
  t.equal(output.stdout.length, before);
  succeed(['resume', id], { globals });
  succeed(['exec', id, 'true'], { globals });
  succeed(['kill', id, 'KILL'], { globals });
  waitFor(id, 'stopped');
  t.ok(output.stdout.length > before);
  succeed(['delete', id], { globals });
  t.equal(units(scope), '', 'no unit is left');
});

t.test('nothing is left', nothingLeft);
