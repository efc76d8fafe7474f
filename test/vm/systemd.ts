import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { settings } from '../helpers/cgroup.ts';
import { only } from '../helpers/requires.ts';
import {
  attempt,
  background,
  nothingLeft,
  type RunOptions,
  refused,
  run,
  running,
  succeed,
} from '../helpers/runtime.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';
import { globals, show, unit, unitName, units } from '../helpers/systemd.ts';

// The systemd driver, on a pure version 2 hierarchy; systemd-v1.ts is about the others.

const MIB = 1 << 20;

t.test('a container is a scope', async (t) => {
  const { id, pid, scope, file } = unit(t, (config) => {
    config.linux.resources = {
      memory: { limit: 64 * MIB },
      pids: { limit: 33 },
      cpu: { quota: 25_500, period: 100_000, cpus: '0' },
    };
    config.annotations = { 'org.systemd.property.TimeoutStopUSec': 'uint64 7000000' };
  });
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `/system.slice/${scope}`);
  t.equal(file('', 'cgroup.procs'), String(pid), 'nobody else is in it');
  t.same(
    [file('', 'memory.max'), file('', 'pids.max'), file('', 'cpu.max'), file('', 'cpuset.cpus')],
    [String(64 * MIB), '33', '25500 100000', '0'],
  );
  const properties = show(
    scope,
    'Slice',
    'Delegate',
    'MemoryMax',
    'TasksMax',
    'CPUQuotaPerSecUSec',
    'AllowedCPUs',
    'TimeoutStopUSec',
  );
  t.match(properties, {
    Slice: 'system.slice',
    Delegate: 'yes',
    MemoryMax: String(64 * MIB),
    TasksMax: '33',
    CPUQuotaPerSecUSec: '260ms', // in whole percents
    AllowedCPUs: '0',
    TimeoutStopUSec: '7s',
  });
  succeed(['update', '--memory', '96m', id], { globals });
  t.equal(show(scope, 'MemoryMax').MemoryMax, String(96 * MIB), 'an update is told to systemd');
  t.equal(file('', 'cpu.max'), '25500 100000', 'which takes nothing from the others');
  spawnSync('systemctl', ['daemon-reload']);
  t.equal(file('', 'memory.max'), String(96 * MIB), 'and holds when systemd reloads');

  succeed(['delete', '--force', id], { globals });
  t.equal(units(scope), '', 'the unit is gone');
  t.notOk(existsSync(`/sys/fs/cgroup/system.slice/${scope}`), 'and its cgroup');
});

// runc leaves what it has changed until then.
t.test('an update that fails changes neither the unit nor the files', only('trunc'), async (t) => {
  const { id, scope, cgroup, command } = unit(t, ({ linux }) => {
    linux.resources = { memory: { limit: 64 * MIB } };
  });
  const names = ['MemoryMax', 'MemoryHigh', 'CPUQuotaPerSecUSec', 'AllowedCPUs', 'TasksMax'];
  const before = [settings(cgroup), show(scope, ...names)];
  const resources = {
    memory: { limit: 96 * MIB, reservation: 8 * MIB },
    cpu: { shares: 512, quota: 30_000, cpus: '0' },
    pids: { limit: 9 },
    unified: { 'memory.high': '50331648', 'memory.max': 'much' },
  };
  const result = command(['update', '--resources', '-', id], { stdin: JSON.stringify(resources) });
  refused(t, result, /memory\.max/);
  t.same([settings(cgroup), show(scope, ...names)], before);
});

t.test('slices in slices', async (t) => {
  const name = unitName();
  const { pid } = running(
    t,
    ({ linux }) => {
      linux.cgroupsPath = `testa-testb.slice:test:${name}`;
    },
    [],
    { globals },
  );
  const path = `/testa.slice/testa-testb.slice/test-${name}.scope`;
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), path);
});

// The engine alone takes more: init joins when it has done its work.
t.test('6 MiB and a single process', only('trunc'), async (t) => {
  const change: Change = ({ linux }) => {
    linux.cgroupsPath = `system.slice:test:${unitName()}`;
    linux.resources = { memory: { limit: 6 * MIB }, pids: { limit: 1 } };
  };
  t.equal(attempt(change, ['/bin/true'], { globals }).status, 0);
});

// runc does not name the field.
t.test('what is refused', only('trunc'), async (t) => {
  const at =
    (cgroupsPath: string): Change =>
    ({ linux }) => {
      linux.cgroupsPath = cgroupsPath;
    };
  const tryIt = (change: Change, options: RunOptions = {}) =>
    attempt(change, ['/bin/true'], { globals, ...options });
  refused(t, tryIt(at('/a/path')), /linux\.cgroupsPath: must be "slice:prefix:name"/, 'a path');
  refused(
    t,
    tryIt(at('a/b.slice:x:y')),
    /linux\.cgroupsPath: "a\/b\.slice" is no name of a slice/,
    'a path as slice',
  );
  const annotation: Change = (config) => {
    at(`system.slice:test:${unitName()}`)(config);
    config.annotations = { 'org.systemd.property.CollectMode': 'inactive' };
  };
  refused(t, tryIt(annotation), /annotations\["org\.systemd\.property\.CollectMode"\]/, 'no GVariant');

  const { scope } = unit(t);
  const name = scope.slice('test-'.length, -'.scope'.length);
  refused(t, tryIt(at(`system.slice:test:${name}`)), /not empty|already/, 'the unit of another container');

  const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(temp, 'no-bus')}` };
  t.equal(
    tryIt(at(`system.slice:test:${unitName()}`), { env }).status,
    0,
    'without a bus systemd itself is asked',
  );
});

// runc waits for ever.
t.test('a bus that accepts and says nothing', only('trunc'), async (t) => {
  const path = join(temp, 'stuck-bus');
  const server = createServer(() => {}).listen(path);
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const bundle = makeBundle(({ linux }) => {
    linux.cgroupsPath = `system.slice:test:${unitName()}`;
  });
  const start = Date.now();
  const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}`, TRUNC_SYSTEMD_TIMEOUT: '3' };
  const { done } = background(['create', newId()], { bundle, globals, env, timeout: 60_000 });
  const result = await done;
  refused(t, result, /no answer from D-Bus at unix:path=.*stuck-bus.* in 3 s/);
  t.ok(Date.now() - start > 2900, 'after that time');
});

t.test('a stopped container leaves no unit', async (t) => {
  const { id, scope } = unit(t);
  succeed(['kill', id, 'KILL'], { globals });
  until('the end', () => JSON.parse(run(['state', id]).stdout).status === 'stopped');
  succeed(['delete', id], { globals });
  t.equal(units(scope), '');
});

t.test('nothing is left', nothingLeft);
