import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Change } from '../helpers/bundle.ts';
import {
  attemptAsUser,
  prepareRoot,
  UID,
  user,
  userContainer,
  userInside,
  wrapper,
} from '../helpers/ordinary-user.ts';
import { only } from '../helpers/requires.ts';
import { nothingLeft, type RunOptions, refused, runtime } from '../helpers/runtime.ts';
import { newId, until } from '../helpers/sandbox.ts';

// The systemd of an ordinary user, asked by somebody in a service of the system's, as from a login session.

const MIB = 1 << 20;
const RUNTIME_DIR = `/run/user/${UID}`;
const env = { XDG_RUNTIME_DIR: RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS: `unix:path=${RUNTIME_DIR}/bus` };
const MANAGER = `/user.slice/user-${UID}.slice/user@${UID}.service`;

const must = (...command: string[]) => {
  const [file = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 100_000 });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${status} ${stderr}`);
  return stdout;
};
must('useradd', '--uid', String(UID), '--home-dir', '/', 'ordinary');
must('loginctl', 'enable-linger', 'ordinary');
until('the user’s systemd', () => existsSync(`${RUNTIME_DIR}/bus`), 60_000);
prepareRoot();

/** A command of the user's; PATH and XDG_RUNTIME_DIR are there. */
const asUser = (...command: string[]) =>
  must(
    'env',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...wrapper().slice(0, 5),
    ...command,
  );
const show = (unit: string, ...names: string[]): Record<string, string> =>
  Object.fromEntries(
    asUser('systemctl', '--user', 'show', unit, ...names.flatMap((name) => ['-p', name]))
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s)),
  );
const units = () => asUser('systemctl', '--user', 'list-units', '--all', '--no-legend', 'trunc-*', 'test-*');

const options: RunOptions = { env, globals: ['--systemd-cgroup'], timeout: 60_000, wrapper: wrapper() };

/** A container of the user's systemd; `file` reads what is in its cgroup. */
function unit(t: Parameters<typeof userContainer>[0], change: Change = () => {}) {
  const name = newId().replaceAll('-', '_');
  const container = userContainer(
    t,
    (config) => {
      config.linux.cgroupsPath = `user.slice:test:${name}`;
      change(config);
    },
    options,
  );
  const scope = `test-${name}.scope`;
  const directory = `/sys/fs/cgroup${MANAGER}/user.slice/${scope}`;
  const file = (name: string) => readFileSync(`${directory}/${name}`, 'utf8').trim();
  return { ...container, scope, directory, file };
}

t.test('a container is a scope of the user’s', async (t) => {
  const { id, pid, scope, directory, file } = unit(t, ({ linux }) => {
    linux.resources = { memory: { limit: 64 * MIB }, pids: { limit: 33 } };
  });
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `0::${MANAGER}/user.slice/${scope}\n`);
  t.same([file('memory.max'), file('pids.max')], [String(64 * MIB), '33']);
  t.match(show(scope, 'Slice', 'Delegate', 'MemoryMax', 'TasksMax'), {
    Slice: 'user.slice',
    Delegate: 'yes',
    MemoryMax: String(64 * MIB),
    TasksMax: '33',
  });
  t.equal(user(['start', id], options).status, 0);
  until('the program', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  // runc 1.1.5 leaves it where its caller is, without a word.
  if (runtime.kind === 'trunc') {
    t.match(user(['exec', id, 'cat', '/proc/self/cgroup'], options).stdout, /^0::\/$|\.scope$/m);
    const fork = ['sh', '-c', 'for i in $(seq 40); do sleep 20 & done; echo forked'];
    t.notMatch(user(['exec', id, ...fork], options).stdout, 'forked', 'the limit of processes holds');
  }
  t.ok((JSON.parse(user(['ps', '--format', 'json', id], options).stdout) as number[]).includes(pid));

  t.equal(user(['pause', id], options).status, 0);
  t.match(file('cgroup.events'), 'frozen 1');
  t.equal(user(['resume', id], options).status, 0);
  const stats = JSON.parse(user(['events', '--stats', id], options).stdout);
  t.equal(stats.data.memory.usage.limit, 64 * MIB);

  t.equal(user(['update', '--memory', '96m', id], options).status, 0);
  t.equal(file('memory.max'), String(96 * MIB));
  t.equal(show(scope, 'MemoryMax').MemoryMax, String(96 * MIB), 'an update is told to systemd');
  asUser('systemctl', '--user', 'daemon-reload');
  t.equal(file('memory.max'), String(96 * MIB), 'and holds when systemd reloads');

  t.equal(user(['delete', '--force', id], options).status, 0);
  t.notOk(existsSync(directory), 'its cgroup is gone');
  t.equal(units(), '', 'and all units');
});

t.test('the limit of memory holds', async (t) => {
  const greedy: Change = ({ linux }) => {
    linux.cgroupsPath = `user.slice:test:${newId().replaceAll('-', '_')}`;
    linux.resources = { memory: { limit: 32 * MIB, swap: 32 * MIB } };
  };
  const script = 'dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null && echo survived';
  t.notMatch(attemptAsUser(greedy, script, options).stdout, 'survived');
});

t.test('without a cgroupsPath it is below user.slice', async (t) => {
  const seen = userInside(() => {}, 'cat /proc/1/cgroup', { ...options });
  t.match(seen, /^0::\//);
  const { pid } = userContainer(t, () => {}, options);
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `${MANAGER}/user.slice/${runtime.kind}-`);
});

// The engine alone takes more: init joins when it has done its work.
t.test('6 MiB and a single process', only('trunc'), async (t) => {
  const tight: Change = ({ linux }) => {
    linux.resources = { memory: { limit: 6 * MIB }, pids: { limit: 1 } };
  };
  const result = attemptAsUser(tight, ['/bin/true'], options);
  t.equal(result.status, 0, result.stderr);
});

// runc needs the bus.
t.test('past the bus', only('trunc'), async (t) => {
  const direct = { ...options, env: { ...env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/no/bus' } };
  const result = attemptAsUser(() => {}, ['/bin/true'], direct);
  t.equal(result.status, 0, result.stderr);
});

// runc has words of its own.
t.test('no systemd of the user’s', only('trunc'), async (t) => {
  const none = { ...options, env: { XDG_RUNTIME_DIR: '/no/where' } };
  refused(
    t,
    attemptAsUser(() => {}, ['/bin/true'], none),
    /systemd cannot be reached: .*\(.*enable-linger/,
  );
});

t.test('in a scope of systemd-run, by the files', async (t) => {
  const within: RunOptions = {
    env,
    timeout: 60_000,
    wrapper: [
      ...wrapper().slice(0, 5),
      'systemd-run',
      '--user',
      '--scope',
      '--quiet',
      '-p',
      'Delegate=yes',
      ...wrapper().slice(5),
    ],
  };
  const { pid, id } = userContainer(
    t,
    ({ linux }) => {
      linux.resources = { pids: { limit: 20 } };
    },
    within,
  );
  const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  t.match(path, `${MANAGER}/app.slice/${id}`);
  t.equal(readFileSync(`/sys/fs/cgroup${path}/pids.max`, 'utf8'), '20\n');
});

t.test('what systemd has not got it cannot hand over', async (t) => {
  const cpus: Change = ({ linux }) => {
    linux.resources = { cpu: { cpus: '0' } };
  };
  const before = attemptAsUser(cpus, ['/bin/true'], options);
  // runc 1.1.5 leaves it out.
  if (runtime.kind === 'trunc')
    refused(
      t,
      before,
      /linux\.resources\.cpu\.cpus: cgroup controller cpuset .*\(.*handed over to this user/,
    );
  t.equal(units(), '', 'nothing is left of it');

  mkdirSync('/etc/systemd/system/user@.service.d', { recursive: true });
  writeFileSync(
    '/etc/systemd/system/user@.service.d/delegate.conf',
    '[Service]\nDelegate=cpu cpuset io memory pids\n',
  );
  must('systemctl', 'daemon-reload');
  must('systemctl', 'restart', `user@${UID}.service`);
  until('the user’s systemd', () => existsSync(`${RUNTIME_DIR}/bus`), 60_000);
  const { file } = unit(t, cpus);
  t.equal(file('cpuset.cpus'), '0', 'where root has it handed over');
});

t.test('nothing is left', nothingLeft);
