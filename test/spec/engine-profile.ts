import t from 'tap';
import { isEngineProfile, readEngineProfile } from '../../src/spec/engine-profile.ts';

const situation = {
  architecture: 'amd64',
  seccompArchitecture: 'SCMP_ARCH_X86_64',
  capabilities: ['CAP_KILL', 'CAP_CHOWN'],
  kernel: '6.1.0-42-amd64',
};
const read = (profile: object) =>
  readEngineProfile({ defaultAction: 'SCMP_ACT_ERRNO', ...profile }, situation);
const applies = (rule: object): boolean | undefined =>
  read({ syscalls: [{ names: ['a'], action: 'SCMP_ACT_ALLOW', ...rule }] }).applies[0];

t.test('which profiles are for engines', async (t) => {
  const rule = { names: ['a'], action: 'SCMP_ACT_ALLOW' };
  t.notOk(isEngineProfile({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
  for (const more of [{ comment: '' }, { includes: {} }, { excludes: {} }, { name: 'a' }, { errno: 'EPERM' }])
    t.ok(isEngineProfile({ syscalls: [rule, { ...rule, ...more }] }), JSON.stringify(more));
  t.ok(isEngineProfile({ archMap: [] }));
  for (const other of [null, 1, 'x', [], { syscalls: 1 }]) t.notOk(isEngineProfile(other));
});

t.test('for whom a rule is', async (t) => {
  t.ok(applies({}));
  t.ok(applies({ includes: null, excludes: {} }));
  t.ok(applies({ includes: { caps: ['CAP_KILL', 'CAP_CHOWN'] } }), 'all of them are there');
  t.notOk(applies({ includes: { caps: ['CAP_KILL', 'CAP_SYS_ADMIN'] } }));
  t.notOk(applies({ excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_KILL'] } }), 'one is');
  t.ok(applies({ includes: { arches: ['arm64', 'amd64'] } }));
  t.notOk(applies({ includes: { arches: ['arm64'] } }));
  t.notOk(applies({ excludes: { arches: ['amd64'] } }));
  for (const version of ['4.8', '6.0', '6.1']) t.ok(applies({ includes: { minKernel: version } }), version);
  for (const version of ['6.2', '6.10', '7.0'])
    t.notOk(applies({ includes: { minKernel: version } }), version);
  t.notOk(applies({ excludes: { minKernel: '6.1' } }));
});

t.test('what becomes of it', async (t) => {
  const archMap = [
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
  ];
  t.same(read({ archMap, defaultErrno: 'ENOSYS', defaultErrnoRet: 1 }).profile, {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  });
  const rule = { name: 'a', names: [], action: 'SCMP_ACT_ERRNO', errno: 'EPERM', args: null, comment: 'x' };
  t.same(read({ syscalls: [rule] }).profile.syscalls, [
    { names: ['a'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
  ]);
  t.same(read({ archMap: [{ architecture: 'SCMP_ARCH_S390X', subArchitectures: null }] }).profile, {
    defaultAction: 'SCMP_ACT_ERRNO',
  });
});

t.test('what is wrong', async (t) => {
  const wrong = (profile: object, message: RegExp): void => {
    t.throws(() => read(profile), { code: 'SECCOMP_INVALID', message }, String(message));
  };
  const rule = (more: object) => ({ syscalls: [{ names: ['a'], action: 'SCMP_ACT_ALLOW', ...more }] });
  wrong({ archMap: [{}], architectures: ['SCMP_ARCH_X86'] }, /archMap: must not be beside architectures/);
  wrong(rule({ name: 'b' }), /syscalls\[0\]\.name: must not be beside names/);
  wrong(rule({ includes: 1 }), /syscalls\[0\]\.includes: must be an object, found 1/);
  wrong(
    rule({ excludes: { caps: 'CAP_KILL' } }),
    /excludes\.caps: must be a list of strings, found "CAP_KILL"/,
  );
  wrong(rule({ includes: { minKernel: '4' } }), /minKernel: must be a version such as "4\.8", found "4"/);
  wrong(rule({ errno: 'ENO' }), /syscalls\[0\]\.errno: must be the name of an errno, found "ENO"/);
});
