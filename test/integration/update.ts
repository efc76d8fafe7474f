import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Resources } from '../helpers/bundle.ts';
import { cgroupFile, disk, settings, V1, weightFile } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, refused, run, running, runtime, succeed, waitFor } from '../helpers/runtime.ts';
import { newId, root, tag, temp, until } from '../helpers/sandbox.ts';

suite('root');

const MIB = 1 << 20;

function limited(t: Parameters<typeof running>[0], resources: Resources, args?: string[]) {
  const cgroup = `/${tag}/${newId()}`;
  const container = running(t, (config) => {
    config.linux.cgroupsPath = cgroup;
    config.linux.resources = resources;
    if (args) config.process.args = args;
  });
  return { ...container, cgroup, file: (v1: string, v2: string) => cgroupFile(cgroup, v1, v2) };
}

t.test('options', async (t) => {
  const { id, file } = limited(t, { memory: { limit: 64 * MIB }, pids: { limit: 20 } });
  succeed(['update', '--memory', '96m', '--pids-limit', '30', '--cpu-share', '512', id]);
  t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), String(96 * MIB), 'memory, with a unit');
  t.equal(file('pids/pids.max', 'pids.max'), '30');
  t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '59');
  succeed(['update', '--cpu-quota', '50000', '--cpu-period', '200000', id]);
  succeed(['update', '--cpu-quota', '60000', id]);
  if (V1) {
    t.equal(file('cpu/cpu.cfs_quota_us', ''), '60000');
    t.equal(file('cpu/cpu.cfs_period_us', ''), '200000', 'the period stays');
  } else t.equal(file('', 'cpu.max'), '60000 200000', 'the period stays');
  t.equal(file('pids/pids.max', 'pids.max'), '30', 'what is not asked for stays');
});

t.test('no limit any more', async (t) => {
  const { id, file } = limited(t, { memory: { limit: 64 * MIB }, pids: { limit: 20 } });
  succeed(['update', '--memory', '-1', '--pids-limit', '-1', id]);
  t.match(file('memory/memory.limit_in_bytes', 'memory.max'), V1 ? /^922337/ : /^max$/);
  t.equal(file('pids/pids.max', 'pids.max'), 'max');
});

// What Docker sends for `docker update -m 80m`: everything it knows of, with zeros.
const DOCKER = {
  memory: { limit: 80 * MIB, reservation: 0, swap: 0 },
  cpu: { shares: 0, quota: 0, period: 0, realtimeRuntime: 0, realtimePeriod: 0, cpus: '', mems: '' },
  blockIO: { weight: 0 },
};

t.test('JSON, from a file and from standard input', async (t) => {
  const { id, file } = limited(t, { memory: { limit: 64 * MIB }, cpu: { shares: 512 }, pids: { limit: 20 } });
  succeed(['update', '--resources', '-', id], { stdin: JSON.stringify(DOCKER) });
  t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), String(80 * MIB));
  t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '59', 'a 0 changes nothing');
  const path = join(temp, 'resources.json');
  writeFileSync(path, '{"memory":{"limit":104857600}}');
  succeed(['update', '-r', path, '--pids-limit', '5', id]);
  t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), '104857600');
  t.equal(file('pids/pids.max', 'pids.max'), '20', 'other options are ignored then');
});

t.test('it is remembered', async (t) => {
  const { id, file } = limited(t, { cpu: { shares: 512 } });
  succeed(['update', '--cpu-quota', '50000', id]);
  succeed(['update', '--cpu-share', '256', id]);
  t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '256' : '35');
  t.match(file('cpu/cpu.cfs_quota_us', 'cpu.max'), /^50000/);
});

t.test('all or nothing', async (t) => {
  const { id, file } = limited(t, { memory: { limit: 64 * MIB }, pids: { limit: 20 }, cpu: { shares: 512 } });
  const result = run(['update', '--cpu-share', '256', '--memory', '96m', '--cpuset-cpus', '4000', id]);
  t.equal(result.status, 1, 'a CPU that is not there');
  t.match(result.stderr, /cpuset/, 'is named');
  t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '59');
  t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), String(64 * MIB));
});

const HUGE = readFileSync(`/sys/fs/cgroup/${V1 ? 'unified/' : ''}cgroup.controllers`, 'utf8').includes(
  'hugetlb',
);

/** Something for every controller there is, none of it set before. */
function everything(): Resources {
  const device = disk();
  const rates = device ? [{ ...device, rate: 1_048_576 }] : [];
  const reads = { throttleReadBpsDevice: rates, throttleReadIOPSDevice: rates };
  const writes = { throttleWriteBpsDevice: rates, throttleWriteIOPSDevice: rates };
  return {
    memory: { limit: 64 * MIB, swap: 128 * MIB, reservation: 32 * MIB, ...(V1 ? { swappiness: 7 } : {}) },
    cpu: { shares: 512, quota: 50_000, period: 200_000, burst: 1000, cpus: '0', mems: '0' },
    pids: { limit: 20 },
    blockIO: { ...reads, ...writes, ...(weightFile() ? { weight: 300 } : {}) },
    ...(HUGE ? { hugepageLimits: [{ pageSize: '2MB', limit: 4 * MIB }] } : {}),
    unified: {
      'cgroup.max.depth': '3',
      ...(V1 ? {} : { 'memory.high': '50331648', 'memory.oom.group': '1' }),
    },
    devices: [{ allow: true, type: 'c', major: 60, minor: 0, access: 'rw' }],
  };
}

// runc leaves what had no limit before at its new one.
t.test('nothing of an update that fails stays', only('trunc'), async (t) => {
  const { id, cgroup } = limited(t, HUGE ? { hugepageLimits: [{ pageSize: '1GB', limit: 0 }] } : {});
  // What the record is written to before it takes the place of the old one, when all is set.
  const obstacle = join(root, id, 'state.json.next');
  const tryIt = (resources: Resources) =>
    run(['update', '--resources', '-', id], { stdin: JSON.stringify(resources) });
  const failing = (resources: Resources, text: RegExp) => {
    const before = settings(cgroup);
    mkdirSync(obstacle);
    refused(t, tryIt(resources), text);
    rmdirSync(obstacle);
    t.same(settings(cgroup), before);
    return before;
  };
  const before = failing(everything(), /state\.json\.next/);
  t.equal(tryIt(everything()).status, 0);
  t.ok(
    Object.entries(settings(cgroup)).filter(([file, value]) => before[file] !== value).length > 12,
    'or it is set',
  );
  failing({ cpu: { idle: 1 } }, /state\.json\.next/);
  failing({ memory: { limit: -1 }, pids: { limit: 1 }, cpu: { cpus: '8000' } }, /cpu\.cpus/);
  failing({ memory: { limit: 256 * MIB, swap: 256 * MIB } }, /state\.json\.next/);
});

// runc writes shares to an idle cgroup, which the kernel refuses.
t.test('an idle container with shares can be updated', only('trunc'), async (t) => {
  const { id, file } = limited(t, { cpu: { shares: 512, idle: 1 } });
  succeed(['update', '--cpu-quota', '50000', id]);
  t.equal(file('cpu/cpu.idle', 'cpu.idle'), '1');
  succeed(['update', '--cpu-idle', '0', id]);
  t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '59', 'its shares are back');
});

t.test('mistakes', async (t) => {
  const { id } = limited(t, {});
  const bad: [args: string[], stdin: string, text: RegExp][] = [
    [['--cpu-quota', '5x'], '', /cpu-quota/],
    [['--memory', 'much'], '', /memory|invalid/],
    [['--resources', '/nowhere'], '', /\/nowhere/],
    [['--resources', '-'], '{', /JSON|EOF/],
    [['--resources', '-'], '{"memory":{"limit":"x"}}', /memory.limit/],
  ];
  for (const [args, stdin, text] of bad)
    refused(t, run(['update', ...args, id], { stdin }), text, args.join(' ') + stdin);
  refused(t, run(['update', '--pids-limit', '5', 'no-such-container']), /does not exist/, 'unknown');
});

// runc says that the schema is not enabled, whichever the reason.
t.test('schemas of resctrl need a group of it', only('trunc'), async (t) => {
  const { id } = limited(t, {});
  const reason = /linux\.intelRdt: the container was created without it/;
  refused(t, run(['update', '--l3-cache-schema', 'L3:0=f', id]), reason, 'a cache');
  refused(t, run(['update', '--mem-bw-schema', 'MB:0=20', id]), reason, 'bandwidth');
});

t.test('before the start and after the end', async (t) => {
  const cgroup = `/${tag}/${newId()}`;
  const { id } = create(t, (config) => {
    config.linux.cgroupsPath = cgroup;
  });
  succeed(['update', '--pids-limit', '40', id]);
  t.equal(cgroupFile(cgroup, 'pids/pids.max', 'pids.max'), '40', 'created');
  succeed(['start', id]);
  waitFor(id, 'stopped');
  refused(t, run(['update', '--pids-limit', '5', id]), /not running/, 'stopped');
});

// The peers leave device rules alone. A number that no driver has: nothing but the rule is in the way.
t.test('a device is allowed, and taken away again, while the container runs', only('trunc'), async (t) => {
  const { id, output } = limited(t, { devices: [{ allow: false, access: 'rwm' }] }, [
    '/bin/sh',
    '-c',
    'mknod /tmp/device c 60 0; while true; do cat /tmp/device 2>&1; sleep .02; done',
  ]);
  const rule = { type: 'c', major: 60, minor: 0, access: 'rwm' };
  const change = (allow: boolean) =>
    succeed(['update', '--resources', '-', id], { stdin: JSON.stringify({ devices: [{ allow, ...rule }] }) });
  const lines = () => output.stdout.trim().split('\n');
  const says = (text: RegExp) => {
    const before = lines().length;
    // The next one may be of before.
    until('a line that is new', () => lines().length > before + 1);
    t.match(lines().at(-1), text);
  };
  says(/not permitted/);
  change(true);
  says(/No such device/);
  change(false);
  says(/not permitted/);
});

t.test('a program over its new limit is killed', async (t) => {
  const grow = 'until [ -e /go ]; do sleep 0.1; done; x=y; while true; do x=$x$x; done';
  const { id, bundle } = limited(t, { memory: { limit: 256 * MIB } }, ['/bin/sh', '-c', grow]);
  succeed(['update', '--memory', '16m', '--memory-swap', '16m', id]);
  writeFileSync(join(bundle, 'rootfs/go'), '');
  waitFor(id, 'stopped');
  if (runtime.kind === 'trunc') t.match(run(['state', id]).stdout, /"status": "stopped"/);
});

t.test('nothing is left', nothingLeft);
