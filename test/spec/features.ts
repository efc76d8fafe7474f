import t from 'tap';
import type { Features } from '../../src/spec/features.ts';
import { validate } from '../../src/spec/generated/validate-features.js';

const features: Features = {
  ociVersionMin: '1.0.0',
  ociVersionMax: '1.3.0',
  hooks: ['prestart'],
  mountOptions: ['ro'],
  linux: {
    namespaces: ['time'],
    capabilities: ['CAP_KILL'],
    cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
    seccomp: {
      enabled: true,
      actions: ['SCMP_ACT_NOTIFY'],
      operators: ['SCMP_CMP_MASKED_EQ'],
      archs: ['SCMP_ARCH_X86_64'],
      knownFlags: ['SECCOMP_FILTER_FLAG_LOG'],
      supportedFlags: [],
    },
    apparmor: { enabled: true },
    selinux: { enabled: true },
    intelRdt: { enabled: true, schemata: true, monitoring: true },
    memoryPolicy: { modes: ['MPOL_LOCAL'], flags: ['MPOL_F_STATIC_NODES'] },
    mountExtensions: { idmap: { enabled: true } },
    netDevices: { enabled: true },
  },
  annotations: { 'org.example.version': '1' },
  potentiallyUnsafeConfigAnnotations: ['org.systemd.property.'],
};

t.ok(validate(features));
t.ok(
  validate({ ociVersionMin: '1.0.0', ociVersionMax: '1.3.0', linux: { landlock: {} } }),
  'more is allowed',
);
for (const wrong of [
  { ociVersionMin: undefined },
  { ociVersionMax: undefined },
  { hooks: 'prestart' },
  { mountOptions: [1] },
  { linux: { namespaces: ['net'] } },
  { linux: { capabilities: ['kill'] } },
  { linux: { cgroup: { rdma: 'yes' } } },
  { linux: { seccomp: { actions: ['ALLOW'] } } },
  { linux: { intelRdt: { monitoring: 1 } } },
  { linux: { memoryPolicy: { modes: ['MPOL_BEST'] } } },
  { linux: { mountExtensions: { idmap: true } } },
  { annotations: { a: 1 } },
]) {
  t.notOk(validate({ ...features, ...wrong }), JSON.stringify(wrong));
}
