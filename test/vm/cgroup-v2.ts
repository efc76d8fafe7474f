import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, inside, nothingLeft, refused, running } from '../helpers/runtime.ts';
import { tag, until } from '../helpers/sandbox.ts';

suite('root', 'cgroup-v2');

const MOUNT = '/sys/fs/cgroup';
const DISK = readFileSync('/sys/block/vda/dev', 'utf8').trim();
const [major, minor] = DISK.split(':').map(Number);

const limited =
  (name: string, resources: object = {}): Change =>
  (config) => {
    config.linux.cgroupsPath = `/${tag}/${name}`;
    config.linux.resources = resources;
  };
const value = (name: string, file: string) => readFileSync(`${MOUNT}/${tag}/${name}/${file}`, 'utf8').trim();

/** The files of a created container with these resources. */
function files(t: Test, name: string, resources: object, expected: Record<string, string | RegExp>): void {
  create(t, limited(name, resources));
  for (const [file, text] of Object.entries(expected)) {
    if (typeof text === 'string') t.equal(value(name, file), text, file);
    else t.match(value(name, file), text, file);
  }
}

t.test('memory', async (t) => {
  const memory = { limit: 64 << 20, swap: 96 << 20, reservation: 32 << 20 };
  files(
    t,
    'memory',
    { memory },
    {
      'memory.max': String(64 << 20),
      'memory.swap.max': String(32 << 20),
      'memory.low': String(32 << 20),
    },
  );
  files(
    t,
    'unlimited',
    { memory: { limit: -1, swap: -1 } },
    { 'memory.max': 'max', 'memory.swap.max': 'max' },
  );
});

t.test('cpu', async (t) => {
  const cpu = { shares: 512, quota: 50_000, period: 200_000, cpus: '0', mems: '0' };
  files(
    t,
    'cpu',
    { cpu },
    {
      'cpu.weight': '20',
      'cpu.max': '50000 200000',
      'cpuset.cpus': '0',
      'cpuset.mems': '0',
    },
  );
  t.equal(
    inside(limited('one', { cpu: { cpus: '1' } }), 'grep Cpus_allowed_list /proc/self/status'),
    'Cpus_allowed_list:\t1',
  );
});

// runc 1.1.5 knows neither.
t.test('cpu.burst, cpu.idle', only('trunc'), async (t) => {
  const cpu = { quota: 50_000, period: 100_000, burst: 20_000 };
  files(t, 'burst', { cpu }, { 'cpu.max.burst': '20000' });
  files(t, 'idle', { cpu: { idle: 1 } }, { 'cpu.idle': '1' });
});

t.test('pids, huge pages', async (t) => {
  files(t, 'pids', { pids: { limit: 33 } }, { 'pids.max': '33' });
  files(
    t,
    'huge',
    { hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }] },
    { 'hugetlb.2MB.max': String(4 << 20) },
  );
});

t.test('block I/O', async (t) => {
  const blockIO = {
    weight: 500,
    throttleReadBpsDevice: [{ major, minor, rate: 1 << 20 }],
    throttleWriteIOPSDevice: [{ major, minor, rate: 100 }],
  };
  files(
    t,
    'io',
    { blockIO },
    {
      'io.weight': 'default 4950',
      'io.max': `${DISK} rbps=${1 << 20} wbps=max riops=max wiops=100`,
    },
  );
});

t.test('unified', async (t) => {
  const unified = { 'memory.high': String(48 << 20), 'pids.max': '44', 'io.max': `${DISK} wbps=1048576` };
  files(
    t,
    'unified',
    { pids: { limit: 33 }, unified },
    {
      'memory.high': String(48 << 20),
      'pids.max': '44',
      'io.max': /wbps=1048576/,
    },
  );
});

// The others have words of their own.
t.test('unified: what cannot be', only('trunc'), async (t) => {
  const field = 'linux\\.resources\\.unified\\["';
  for (const [file, text, reason] of [
    ['pids.none', '1', 'pids\\.none'],
    ['pids.max', 'many', 'pids\\.max'],
    ['nothing.max', '1', 'nothing'],
    ['../pids.max', '1', '\\.\\./pids'],
  ] as const) {
    refused(
      t,
      attempt(limited('bad', { unified: { [file]: text } }), 'true'),
      new RegExp(`${field}${reason}`),
      file,
    );
  }
});

t.test('a program that uses too much memory is killed', async (t) => {
  const memory = { limit: 16 << 20, swap: 16 << 20 };
  t.equal(attempt(limited('hog', { memory }), ['/bin/tail', '/dev/zero']).status, 137);
});

const withCgroups =
  (...options: string[]): Change =>
  (config) => {
    limited('mounted')(config);
    const mount = { destination: MOUNT, type: 'cgroup', source: 'cgroup' };
    config.mounts.push({ ...mount, options: ['nosuid', 'noexec', 'nodev', 'relatime', ...options] });
  };

t.test('a cgroup mount shows the cgroup of the container alone', async (t) => {
  const script = `cat /proc/self/cgroup; grep ' ${MOUNT} ' /proc/self/mountinfo; ls -d ${MOUNT}/*; cat ${MOUNT}/cgroup.procs`;
  for (const own of [true, false]) {
    const seen = inside((config) => {
      withCgroups('ro')(config);
      if (!own) withoutNamespace(config, 'cgroup');
    }, script);
    const path = own ? '/' : `/${tag}/mounted`;
    t.match(seen, new RegExp(`^0::${path}$`, 'm'), 'the path');
    t.match(seen, / ro,nosuid,nodev,noexec,relatime - cgroup2 /, 'the mount');
    t.match(
      seen,
      /^\/sys\/fs\/cgroup\/memory\.max$/m,
      'its limits, which the root of the hierarchy does not have',
    );
    t.notMatch(seen, /slice|\.service/, 'no neighbours');
    t.match(seen, /^1$/m, 'the program is in it');
  }
});

t.test('a read-only one cannot be changed, a writable one can', async (t) => {
  const script = `mkdir ${MOUNT}/child && echo $$ > ${MOUNT}/child/cgroup.procs && cat /proc/self/cgroup; rmdir ${MOUNT}/child`;
  t.match(attempt(withCgroups('ro'), script).stderr, /Read-only file system/);
  t.match(attempt(withCgroups(), script).stdout, /^0::\/child$/m);
});

// crun 1.8.1 leaves the cgroup to the host's root.
t.test(
  'in a user namespace a writable cgroup belongs to the container',
  only(['trunc', 'runc']),
  async (t) => {
    const change: Change = (config) => {
      withCgroups('rw')(config);
      withUserNamespace(config);
    };
    const script = `stat -c %u ${MOUNT} ${MOUNT}/cgroup.procs ${MOUNT}/memory.max; mkdir ${MOUNT}/child && echo made`;
    t.match(inside(change, script), /^0\n0\n65534\nmade$/);
  },
);

// runc 1.1.5 fails to remove them.
t.test('cgroups that the container made go with it', only(['trunc', 'crun']), async (t) => {
  running(t, limited('nested'));
  mkdirSync(`${MOUNT}/${tag}/nested/a/b`, { recursive: true });
});

// Of the reasons that a controller cannot be enabled, this is the usual one: no limits beside processes.
t.test('below a cgroup that has processes', only('trunc'), async (t) => {
  const parent = `/${tag}/busy`;
  const { pid } = running(t, limited('busy'));
  t.match(value('busy', 'cgroup.procs'), String(pid));
  const change: Change = (config) => {
    config.linux.cgroupsPath = `${parent}/below`;
    config.linux.resources = { pids: { limit: 9 } };
  };
  refused(t, attempt(change, 'true'), /linux\.resources\.pids\.limit.*pids/);
  t.throws(() => rmdirSync(`${MOUNT}${parent}/below`), { code: 'ENOENT' }, 'it is not left');
});

t.test('limits of the cgroups above are the host’s', async (t) => {
  const { pid } = running(t, limited('deep/er', { pids: { limit: 7 } }));
  t.equal(value('deep', 'pids.max'), 'max');
  t.equal(value('deep/er', 'pids.max'), '7');
  until('the process', () => value('deep/er', 'cgroup.procs').includes(String(pid)));
});

t.test('nothing is left', nothingLeft);
