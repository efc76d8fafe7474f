import t from 'tap';
import type { Spec } from '../../src/spec/config.ts';
import { refuseUnsupported } from '../../src/spec/unsupported.ts';
import { complete, minimal } from '../fixtures/good-configs.ts';

const refuse = (document: unknown) => refuseUnsupported(document as Spec);

t.test('everything at once', async (t) => {
  t.throws(() => refuse(complete), {
    code: 'NOT_SUPPORTED',
    message: `not supported yet: ${[
      'mounts[2].uidMappings',
      'mounts[2].gidMappings',
      'mounts[2].options[2] (idmap)',
      'hooks.prestart',
      'hooks.createRuntime',
      'hooks.createContainer',
      'hooks.startContainer',
      'hooks.poststart',
      'hooks.poststop',
      'linux.seccomp',
      'linux.mountLabel',
      'linux.resources.memory.kernel',
      'linux.resources.memory.kernelTCP',
      'linux.resources.memory.swappiness',
      'linux.resources.memory.checkBeforeUpdate',
      'linux.resources.cpu.realtimeRuntime',
      'linux.resources.cpu.realtimePeriod',
      'linux.resources.blockIO.weight',
      'linux.resources.blockIO.leafWeight',
      'linux.resources.blockIO.weightDevice',
      'linux.resources.blockIO.throttleReadBpsDevice',
      'linux.resources.blockIO.throttleWriteBpsDevice',
      'linux.resources.blockIO.throttleReadIOPSDevice',
      'linux.resources.blockIO.throttleWriteIOPSDevice',
      'linux.resources.hugepageLimits',
      'linux.resources.network.classID',
      'linux.resources.network.priorities',
      'linux.resources.rdma',
      'linux.resources.unified',
    ].join(', ')}`,
  });
});

t.test('values that ask for nothing', async () => {
  const process = {
    ...minimal.process,
    terminal: false,
    consoleSize: { height: 24, width: 80 },
    apparmorProfile: '',
    selinuxLabel: '',
    execCPUAffinity: { initial: '' },
  };
  const blockIO = { weight: 0, weightDevice: [], throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 0 }] };
  const resources = {
    devices: [{ allow: false, access: 'rwm' }],
    memory: { limit: 1, disableOOMKiller: false, useHierarchy: true, kernel: 0 },
    cpu: { shares: 0, quota: 0, period: 0, burst: 0, realtimeRuntime: 0, cpus: '0', idle: 1 },
    blockIO,
    hugepageLimits: [],
    network: { classID: 0, priorities: [] },
    rdma: {},
    unified: {},
  };
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
  };
  refuse({
    ...minimal,
    process,
    mounts: [{ destination: '/x', options: ['ro', 'mode=0755', 'rbind', 'rslave'] }],
    hooks: { prestart: [], poststop: [] },
    linux: { resources, seccomp, mountLabel: '', netDevices: {} },
  });
});

t.test('maps inside of an option', async (t) => {
  const mounts = [{ destination: '/x', options: ['bind', 'idmap=uids=0-1-10'] }];
  t.throws(() => refuse({ ...minimal, mounts }), {
    message: 'not supported yet: mounts[0].options[1] (idmap)',
  });
});
