/** The value in the file for every property of linux.resources; what the limits do is in cgroup-effects.ts. */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Change, makeBundle, type Resources } from '../helpers/bundle.ts';
import { cgroupFile, disk, V1, weightFile } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, type Kind, nothingLeft, refused, succeed } from '../helpers/runtime.ts';
import { cgroups, newId, slowness, tag } from '../helpers/sandbox.ts';

suite('root');

const HYBRID = existsSync('/sys/fs/cgroup/unified');
const VERSION1 = { skip: V1 ? (false as const) : 'cgroup version 1' };
const VERSION2 = { skip: V1 ? 'cgroup version 2' : (false as const) };
const device = disk();
const WEIGHT = weightFile();
const NO_DISK = !device && 'no disk';

const at =
  (cgroup: string, resources: Resources): Change =>
  (config) => {
    config.linux.cgroupsPath = cgroup;
    config.linux.resources = resources;
  };

/** A hierarchy of version 1 that not every host has mounted. */
const MISSING = (controller: string) =>
  !existsSync(`/sys/fs/cgroup/${controller}`) && `${controller} is not mounted`;

interface Case {
  resources: Resources;
  /** What is in which file then; a file that this kernel lacks is not looked for. */
  files: Record<string, string>;
  /** Who else than trunc does it. */
  also?: Kind[];
  skip?: string | false;
}

/** Directly below the root: a cgroup of its own would have no realtime to give. */
let number = 0;
function check(
  name: string,
  { resources, files, also = ['runc'], skip = false }: Case,
  version: { skip: string | false },
): void {
  number += 1;
  const cgroup = `/${tag}-${number}`;
  const options = version.skip || skip ? { skip: version.skip || skip } : only(['trunc', ...also]);
  t.test(name, options, async (t) => {
    create(t, at(cgroup, resources));
    for (const [file, expected] of Object.entries(files)) {
      t.equal(cgroupFile(cgroup, file, file), expected, file);
    }
  });
}

const { major, minor } = device ?? { major: 0, minor: 0 };
const rate = (rate: number) => [{ major, minor, rate }];
const throttle = {
  throttleReadBpsDevice: rate(1048576),
  throttleWriteBpsDevice: rate(2097152),
  throttleReadIOPSDevice: rate(100),
  throttleWriteIOPSDevice: rate(200),
};

const version1: Record<string, Case> = {
  memory: {
    resources: { memory: { limit: 64 << 20, reservation: 32 << 20, swap: 128 << 20, swappiness: 7 } },
    files: {
      'memory/memory.limit_in_bytes': String(64 << 20),
      'memory/memory.soft_limit_in_bytes': String(32 << 20),
      'memory/memory.memsw.limit_in_bytes': String(128 << 20),
      'memory/memory.swappiness': '7',
    },
  },
  'no limit of memory': {
    resources: { memory: { limit: -1, swap: -1 } },
    files: { 'memory/memory.limit_in_bytes': '9223372036854771712' },
  },
  'the OOM killer': {
    resources: { memory: { disableOOMKiller: true, useHierarchy: true, checkBeforeUpdate: true } },
    files: { 'memory/memory.oom_control': 'oom_kill_disable 1\nunder_oom 0\noom_kill 0' },
  },
  // runc ignores it.
  'TCP buffers': {
    resources: { memory: { kernelTCP: 8 << 20 } },
    files: { 'memory/memory.kmem.tcp.limit_in_bytes': String(8 << 20) },
    also: [],
  },
  // runc 1.1.5 knows neither burst nor idle.
  cpu: {
    resources: { cpu: { shares: 512, quota: 50_000, period: 200_000, burst: 10_000 } },
    files: {
      'cpu/cpu.shares': '512',
      'cpu/cpu.cfs_quota_us': '50000',
      'cpu/cpu.cfs_period_us': '200000',
      'cpu/cpu.cfs_burst_us': '10000',
    },
    also: [],
  },
  'cpu, when nobody else wants it': {
    resources: { cpu: { idle: 1 } },
    files: { 'cpu/cpu.idle': '1' },
    also: [],
  },
  realtime: {
    resources: { cpu: { realtimeRuntime: 10_000, realtimePeriod: 500_000 } },
    files: { 'cpu/cpu.rt_runtime_us': '10000', 'cpu/cpu.rt_period_us': '500000' },
    skip: !existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us') && 'a kernel without CONFIG_RT_GROUP_SCHED',
  },
  cpuset: {
    resources: { cpu: { cpus: '0', mems: '0' } },
    files: { 'cpuset/cpuset.cpus': '0', 'cpuset/cpuset.mems': '0' },
  },
  pids: { resources: { pids: { limit: 33 } }, files: { 'pids/pids.max': '33' } },
  'no limit of pids': { resources: { pids: { limit: -1 } }, files: { 'pids/pids.max': 'max' } },
  // runc takes 0 for nothing said.
  'no further process': { resources: { pids: { limit: 0 } }, files: { 'pids/pids.max': '1' }, also: [] },
  throttling: {
    resources: { blockIO: throttle },
    files: {
      'blkio/blkio.throttle.read_bps_device': `${major}:${minor} 1048576`,
      'blkio/blkio.throttle.write_bps_device': `${major}:${minor} 2097152`,
      'blkio/blkio.throttle.read_iops_device': `${major}:${minor} 100`,
      'blkio/blkio.throttle.write_iops_device': `${major}:${minor} 200`,
    },
    skip: NO_DISK,
  },
  'the weight of I/O': {
    resources: { blockIO: { weight: 300 } },
    files: { 'blkio/blkio.bfq.weight': '300' },
    skip: !WEIGHT && 'a kernel without BFQ',
  },
};

const others: Record<string, Case> = {
  'the class of packets': {
    resources: { network: { classID: 1048577 } },
    files: { 'net_cls/net_cls.classid': '1048577' },
    skip: MISSING('net_cls'),
  },
  'the priority of packets': {
    resources: { network: { priorities: [{ name: 'lo', priority: 7 }] } },
    files: { 'net_prio/net_prio.ifpriomap': 'lo 7' },
    skip: MISSING('net_prio'),
  },
  'huge pages, their reservations too': {
    resources: { hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }] },
    files: {
      'hugetlb/hugetlb.2MB.limit_in_bytes': String(4 << 20),
      'hugetlb/hugetlb.2MB.rsvd.limit_in_bytes': String(4 << 20),
    },
    also: [],
    skip: MISSING('hugetlb'),
  },
};

const version2: Record<string, Case> = {
  memory: {
    resources: {
      memory: { limit: 64 << 20, reservation: 32 << 20, swap: 128 << 20, checkBeforeUpdate: true },
    },
    files: {
      'memory.max': String(64 << 20),
      'memory.low': String(32 << 20),
      'memory.swap.max': String(64 << 20),
    },
  },
  'no limit of memory': {
    resources: { memory: { limit: -1, swap: -1 } },
    files: { 'memory.max': 'max', 'memory.swap.max': 'max' },
  },
  cpu: {
    resources: { cpu: { shares: 512, quota: 50_000, period: 200_000, burst: 10_000 } },
    files: { 'cpu.weight': '59', 'cpu.max': '50000 200000', 'cpu.max.burst': '10000' },
    also: [],
  },
  'cpu, when nobody else wants it': { resources: { cpu: { idle: 1 } }, files: { 'cpu.idle': '1' }, also: [] },
  cpuset: {
    resources: { cpu: { cpus: '0', mems: '0' } },
    files: { 'cpuset.cpus': '0', 'cpuset.mems': '0', 'cpuset.cpus.effective': '0' },
  },
  pids: { resources: { pids: { limit: 33 } }, files: { 'pids.max': '33' } },
  'no limit of pids': { resources: { pids: { limit: -1 } }, files: { 'pids.max': 'max' } },
  'no further process': { resources: { pids: { limit: 0 } }, files: { 'pids.max': '1' }, also: [] },
  throttling: {
    resources: { blockIO: throttle },
    files: { 'io.max': `${major}:${minor} rbps=1048576 wbps=2097152 riops=100 wiops=200` },
    skip: NO_DISK,
  },
  'the weight of I/O': {
    resources: { blockIO: { weight: 300 } },
    files: WEIGHT ? { [WEIGHT.v2]: WEIGHT.of300 } : {},
    skip: !WEIGHT && 'a kernel without weights',
  },
  'the limit of huge pages, on reservations too': {
    resources: { hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }] },
    files: { 'hugetlb.2MB.max': String(4 << 20), 'hugetlb.2MB.rsvd.max': String(4 << 20) },
    also: [],
  },
  unified: {
    resources: {
      cpu: { shares: 512 },
      unified: {
        'cpu.weight': '77',
        'memory.high': '12345344',
        'memory.oom.group': '1',
        'cgroup.max.depth': '2',
        'io.max': `${major}:${minor} rbps=5\n${major}:${minor} wbps=6`,
      },
    },
    files: {
      'cpu.weight': '77',
      'memory.high': '12345344',
      'memory.oom.group': '1',
      'cgroup.max.depth': '2',
      'io.max': `${major}:${minor} rbps=5 wbps=6 riops=max wiops=max`,
    },
    // runc 1.1.5 writes all lines at once.
    also: [],
    skip: NO_DISK,
  },
};

for (const [name, what] of Object.entries({ ...version1, ...others }))
  check(`version 1: ${name}`, what, VERSION1);
for (const [name, what] of Object.entries(version2)) check(`version 2: ${name}`, what, VERSION2);

// Peers leave the half of version 2 alone.
t.test(
  'hybrid: version 2 does what version 1 lacks',
  HYBRID ? only('trunc') : { skip: 'not hybrid' },
  async (t) => {
    const unified = '/sys/fs/cgroup/unified';
    const available = readFileSync(`${unified}/cgroup.controllers`, 'utf8').trim().split(' ');
    const cgroup = `/${tag}/hybrid`;
    create(t, at(cgroup, { pids: { limit: 9 }, unified: { 'cgroup.max.depth': '3' } }));
    t.equal(readFileSync(`${unified}${cgroup}/cgroup.max.depth`, 'utf8').trim(), '3');
    t.equal(cgroupFile(cgroup, 'pids/pids.max', ''), '9');
    if (!MISSING('hugetlb')) return;
    const huge = at(`${cgroup}-huge`, { hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }] });
    if (!available.includes('hugetlb')) {
      refused(t, attempt(huge, 'true'), /hugepageLimits.*cgroup controller hugetlb is not available/);
      return;
    }
    create(t, huge);
    for (const file of ['hugetlb.2MB.max', 'hugetlb.2MB.rsvd.max'])
      t.equal(readFileSync(`${unified}${cgroup}-huge/${file}`, 'utf8').trim(), String(4 << 20), file);
  },
);

// runc does not name the field.
t.test('what there is no file for is refused and named, and nothing is left', only('trunc'), async (t) => {
  const refusals: [string, Resources, RegExp][] = [
    [
      'rdma.mlx5_1',
      { rdma: { mlx5_1: { hcaHandles: 3 } } },
      /controller rdma is not|rdma\.max: no such device/,
    ],
    [
      'blockIO.leafWeight',
      { blockIO: { leafWeight: 300 } },
      V1 ? /blkio\.leaf_weight: no such file/ : /version 1 only/,
    ],
    [
      'blockIO.throttleReadBpsDevice[0]',
      { blockIO: { throttleReadBpsDevice: [{ major: 4000, minor: 77, rate: 1 }] } },
      /"4000:77 .*no such device/,
    ],
    ['memory.swap', { memory: { limit: 1 << 20, swap: 1 << 19 } }, /must not be below limit/],
  ];
  const network = V1 ? /controller net_\w+ is not mounted/ : /version 1 only/;
  if (MISSING('net_cls')) {
    refusals.push(['network.classID', { network: { classID: 7 } }, network]);
    refusals.push([
      'network.priorities',
      { network: { priorities: [{ name: 'lo', priority: 7 }] } },
      network,
    ]);
  }
  const unified = V1 && !HYBRID ? /needs cgroup version 2/ : /controller nosuch is not available/;
  refusals.push(['unified', { unified: { 'nosuch.max': '1' } }, unified]);
  if (!V1) refusals.push(['memory.swappiness', { memory: { swappiness: 5 } }, /version 1 only/]);
  for (const [property, resources, reason] of refusals) {
    const result = attempt(at(`/${tag}/refused`, resources), 'true');
    refused(t, result, reason, property);
    t.match(
      result.stderr,
      `linux.resources.${property.startsWith('memory.limit') ? 'memory.swap' : property}`,
    );
  }
  t.same(
    cgroups().filter((name) => name.endsWith('/refused')),
    [],
  );
});

// runc has words of its own.
t.test('a limit that a kernel of today takes without effect is a warning', only('trunc'), async (t) => {
  const result = attempt(at(`/${tag}/kernel`, { memory: { kernel: 32 << 20 } }), 'true');
  t.equal(result.status, 0);
  t.match(result.stderr, /level=warning msg="linux\.resources\.memory\.kernel: /);
});

const TIMES = process.env.SOAK === '1' ? 1000 : slowness > 1 ? 2 : 10;

t.test(`every limit at once, changed once, ${TIMES} times`, { timeout: 3_600_000 }, async (t) => {
  const all: Resources = {
    memory: { limit: 64 << 20, reservation: 32 << 20, swap: 128 << 20 },
    cpu: { shares: 512, quota: 50_000, period: 200_000, burst: 10_000, cpus: '0', mems: '0' },
    pids: { limit: 33 },
    ...(NO_DISK ? {} : { blockIO: throttle }),
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
    ],
  };
  const change = JSON.stringify({
    memory: { limit: 96 << 20 },
    cpu: { quota: 60_000 },
    pids: { limit: 34 },
  });
  const bundle = makeBundle(at(`/${tag}/all`, all));
  for (let i = 1; i <= TIMES; i += 1) {
    const id = newId();
    succeed(['create', id], { bundle });
    succeed(['update', '--resources', '-', id], { stdin: change });
    succeed(['delete', '--force', id]);
  }
  t.same(
    cgroups().filter((name) => name.endsWith('/all')),
    [],
  );
});

t.test('nothing is left', nothingLeft);
