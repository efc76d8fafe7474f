import t from 'tap';
import type { Features } from '../../src/spec/features.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run, succeed } from '../helpers/runtime.ts';

suite('root');

// crun 1.8 has no such command.
const here = only(['trunc', 'runc']);

const features = (): Features => JSON.parse(succeed(['features']).stdout);

/** What the specification demands of every runtime. */
const MOUNT_OPTIONS =
  'async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion ' +
  'nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw ' +
  'shared silent slave strictatime suid sync unbindable';

t.test('one document on standard output', here, async (t) => {
  const { stdout, stderr } = succeed(['features']);
  t.equal(stderr, '');
  const document = JSON.parse(stdout);
  t.equal(stdout, `${JSON.stringify(document, null, 4)}\n`);
  t.match(document, {
    ociVersionMin: '1.0.0',
    ociVersionMax: /^1\./,
    linux: { cgroup: { v1: true, v2: true } },
  });
  t.match(document.annotations['org.opencontainers.runc.checkpoint.enabled'], /^(true|false)$/);
  for (const option of MOUNT_OPTIONS.split(' ')) t.ok(document.mountOptions.includes(option), option);
  t.equal(run(['features', 'more']).status, 1, 'an argument too many');
});

// runc 1.1.5 cannot do all of it.
t.test('what create does is said', only('trunc'), async (t) => {
  const { hooks = [], mountOptions = [], linux = {} } = features();
  const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];
  t.same([...hooks].sort(), kinds.sort());
  for (const option of 'rro rnosuid rnoatime ridmap idmap tmpcopyup nosymfollow'.split(' '))
    t.ok(mountOptions.includes(option), option);
  const enabled = { enabled: true };
  t.match(linux, {
    seccomp: enabled,
    apparmor: enabled,
    selinux: enabled,
    intelRdt: enabled,
    netDevices: enabled,
    mountExtensions: { idmap: enabled },
    cgroup: { rdma: true, systemd: true },
  });
  t.ok(linux.memoryPolicy?.modes?.includes('MPOL_LOCAL'), 'memory policies');
});

t.test('nothing is left', nothingLeft);
