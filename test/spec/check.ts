import t from 'tap';
import { check } from '../../src/spec/check.ts';
import type { Document } from '../../src/spec/config.ts';
import { complete, minimal } from '../fixtures/good-configs.ts';

const fields = (document: unknown): string[] => check(document as Document).map(({ field }) => field);

t.test('nothing to say', async (t) => {
  t.same(check(complete as Document), []);
  t.same(check(minimal as Document), []);
});

t.test('versions', async (t) => {
  for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.3.0+dev', '1.1.0-rc.3']) {
    t.same(fields({ ...minimal, ociVersion }), [], ociVersion);
  }
  for (const ociVersion of ['', '1', '1.0', 'v1.0.0', '01.0.0', '1.00.0', '2.0.0', '0.9.9', '1.0.0 ']) {
    t.same(fields({ ...minimal, ociVersion }), ['ociVersion'], ociVersion);
  }
});

t.test('an empty path of a namespace asks for a new one', async (t) => {
  const linux = { namespaces: [{ type: 'user', path: '' }] };
  t.same(fields({ ...minimal, linux }).slice(0, 2), ['linux.uidMappings', 'linux.gidMappings']);
});

t.test('a joined user namespace needs no mappings', async (t) => {
  const linux = { namespaces: [{ type: 'user', path: '/proc/1/ns/user' }] };
  t.same(fields({ ...minimal, linux }), []);
});

t.test('adjacent mappings do not overlap', async (t) => {
  const mappings = [
    { containerID: 10, hostID: 110, size: 5 },
    { containerID: 0, hostID: 100, size: 10 },
  ];
  const linux = { namespaces: [{ type: 'user' }], uidMappings: mappings, gidMappings: mappings };
  t.same(fields({ ...minimal, linux }), []);
});

t.test('the kernel takes 340 mappings', async (t) => {
  const mappings = Array.from({ length: 341 }, (_, id) => ({ containerID: id, hostID: id, size: 1 }));
  const linux = { namespaces: [{ type: 'user' }], uidMappings: mappings, gidMappings: mappings.slice(1) };
  const process = { ...minimal.process, user: { uid: 0, gid: 1 } };
  t.same(fields({ ...minimal, process, linux }), ['linux.uidMappings']);
});

t.test('limits that mean none', async (t) => {
  const memory = { limit: -1, swap: -1, reservation: 0 };
  const linux = { resources: { memory, cpu: { quota: -1, period: 0, cpus: '' }, pids: { limit: 0 } } };
  t.same(fields({ ...minimal, linux }), []);
});

t.test('names are measured in bytes', async (t) => {
  const linux = { namespaces: [{ type: 'uts' }] };
  t.same(fields({ ...minimal, linux, hostname: 'x'.repeat(64) }), []);
  t.same(fields({ ...minimal, linux, hostname: 'ä'.repeat(33) }), ['hostname']);
});

t.test('empty names need no namespace', async (t) => {
  t.same(fields({ ...minimal, hostname: '', domainname: '' }), []);
});

t.test('procfs itself may be anywhere below /proc', async (t) => {
  const mounts = [{ destination: '/proc/inner', type: 'proc', source: 'proc' }];
  t.same(fields({ ...minimal, mounts, linux: { namespaces: [{ type: 'mount' }] } }), []);
});

t.test('combinations that work', async (t) => {
  const namespaces = ['mount', 'network', 'time'].map((type) => ({ type }));
  const process = (part: object): object => ({ process: { ...minimal.process, ...part } });
  const linux = (part: object): object => ({ linux: { namespaces, ...part } });
  const notify = { names: ['mount', 'write'], action: 'SCMP_ACT_NOTIFY' };
  const bind = { destination: '/mnt', source: '/tmp', options: ['rbind'] };
  const good: object[] = [
    process({ scheduler: { policy: 'SCHED_BATCH', nice: -20 } }),
    process({
      scheduler: { policy: 'SCHED_DEADLINE', nice: 19, runtime: 42000, deadline: 100000, period: 1e6 },
    }),
    process({ scheduler: { policy: 'SCHED_RR', priority: 99, nice: 0, runtime: 0 } }),
    process({ scheduler: { policy: 'SCHED_DEADLINE', runtime: 1e6, deadline: 1e6 } }),
    process({ scheduler: { policy: 'SCHED_IDLE', flags: ['SCHED_FLAG_RESET_ON_FORK'] } }),
    process({ execCPUAffinity: { initial: '', final: ' 0 , 2-4 ' } }),
    process({ consoleSize: { height: 70000, width: 0 } }),
    linux({ memoryPolicy: { mode: 'MPOL_PREFERRED' } }),
    linux({ memoryPolicy: { mode: 'MPOL_DEFAULT', nodes: '' } }),
    linux({ memoryPolicy: { mode: 'MPOL_PREFERRED_MANY', nodes: '0', flags: ['MPOL_F_NUMA_BALANCING'] } }),
    linux({ intelRdt: {} }),
    linux({ intelRdt: { closID: '/', schemata: ['MB:0=20', 'L2:0=f'] } }),
    linux({ netDevices: { eth0: { name: 'eth%d' }, eth1: { name: 'eth%d' }, 'a%b': {} } }),
    linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: 'x', syscalls: [notify] } }),
    linux({ seccomp: { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: 'x', listenerMetadata: 'y' } }),
    linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: 'x' } }),
    linux({ seccomp: { defaultAction: 'SCMP_ACT_TRACE', defaultErrnoRet: 65535 } }),
    linux({ personality: { domain: 'LINUX', flags: [] } }),
    linux({ timeOffsets: { boottime: { secs: 4611686018 }, monotonic: {} } }),
    linux({ resources: { unified: { 'io.max': '8:0 rbps=1\n8:16 wiops=2' }, blockIO: { weight: 0 } } }),
    { ...linux({}), mounts: [{ ...bind, uidMappings: [], gidMappings: [] }] },
    {
      ...linux({ namespaces: [...namespaces, { type: 'user', path: '/proc/1/ns/user' }] }),
      mounts: [{ ...bind, options: ['rbind', 'ridmap'] }],
    },
  ];
  for (const part of good) t.same(check({ ...minimal, ...part } as Document), [], JSON.stringify(part));
});
