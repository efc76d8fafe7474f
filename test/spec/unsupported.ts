import t from 'tap';
import type { Spec } from '../../src/spec/config.ts';
import { refuseUnsupported } from '../../src/spec/unsupported.ts';
import { complete, minimal } from '../fixtures/good-configs.ts';

const refuse = (document: unknown) => refuseUnsupported(document as Spec);

t.test('everything at once', async (t) => {
  const seccomp = { ...complete.linux.seccomp, syscalls: [{ names: ['chmod'], action: 'SCMP_ACT_NOTIFY' }] };
  t.throws(() => refuse({ ...complete, linux: { ...complete.linux, seccomp } }), {
    code: 'NOT_SUPPORTED',
    message: `not supported yet: ${['linux.seccomp.listenerPath'].join(', ')}`,
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
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
  };
  refuse({
    ...minimal,
    process,
    mounts: [{ destination: '/x', options: ['ro', 'mode=0755', 'rbind', 'rslave'] }],
    linux: { seccomp, mountLabel: '', netDevices: {} },
  });
});
