import t from 'tap';
import type { Features } from '../../src/spec/features.ts';
import type { Change } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, nothingLeft, run, succeed } from '../helpers/runtime.ts';

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

const set =
  (part: 'linux' | 'process', fields: object): Change =>
  (config) => {
    Object.assign(config[part], fields);
  };
const mount =
  (fields: object): Change =>
  (config) => {
    config.mounts.push({ destination: '/mnt', type: 'bind', source: '/tmp', ...fields });
  };

/** What each entry says, and a configuration that asks for it. */
function claims({ hooks = [], mountOptions = [], linux = {} }: Features): [string, boolean, Change][] {
  const ids = [{ containerID: 0, hostID: 100_000, size: 1 }];
  const hookKinds = [
    'prestart',
    'createRuntime',
    'createContainer',
    'startContainer',
    'poststart',
    'poststop',
  ];
  const options = 'rro rnosuid rnoatime ridmap idmap tmpcopyup nosymfollow'.split(' ');
  return [
    ...hookKinds.map((kind): [string, boolean, Change] => [
      kind,
      hooks.includes(kind),
      (config) => Object.assign(config, { hooks: { [kind]: [{ path: '/bin/true' }] } }),
    ]),
    ...options.map((option): [string, boolean, Change] => [
      option,
      mountOptions.includes(option),
      mount({ options: ['bind', option] }),
    ]),
    [
      'seccomp',
      linux.seccomp?.enabled === true,
      set('linux', { seccomp: { defaultAction: 'SCMP_ACT_LOG' } }),
    ],
    ['apparmor', linux.apparmor?.enabled === true, set('process', { apparmorProfile: 'none' })],
    ['selinux', linux.selinux?.enabled === true, set('linux', { mountLabel: 'system_u:object_r:x' })],
    ['intelRdt', linux.intelRdt?.enabled === true, set('linux', { intelRdt: { closID: 'x' } })],
    [
      'memoryPolicy',
      linux.memoryPolicy?.modes?.includes('MPOL_LOCAL') === true,
      set('linux', { memoryPolicy: { mode: 'MPOL_LOCAL' } }),
    ],
    ['netDevices', linux.netDevices?.enabled === true, set('linux', { netDevices: { nosuchdev7: {} } })],
    [
      'idmap',
      linux.mountExtensions?.idmap?.enabled === true,
      mount({ options: ['bind'], uidMappings: ids, gidMappings: ids }),
    ],
    [
      'rdma',
      linux.cgroup?.rdma === true,
      set('linux', { resources: { rdma: { nosuch7: { hcaHandles: 3 } } } }),
    ],
  ];
}

t.test('what it says is what create does', only('trunc'), async (t) => {
  for (const [name, said, change] of claims(features())) {
    // It may fail for other reasons: this host may lack what it takes.
    const { stderr } = attempt(change, 'true');
    t.equal(!/not supported yet/.test(stderr), said, `${name}: ${stderr.trim() || 'done'}`);
  }
  const { stderr } = attempt(() => {}, 'true', { globals: ['--systemd-cgroup'] });
  t.equal(!/not supported yet/.test(stderr), features().linux?.cgroup?.systemd, 'systemd');
});

t.test('nothing is left', nothingLeft);
