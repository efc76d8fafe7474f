/** linux.resources.devices, by what a process inside can do with a device: files in version 1, eBPF in version 2. */
import t from 'tap';
import * as engines from '../fixtures/engine-resources.ts';
import { type Change, type Resources, withUserNamespace } from '../helpers/bundle.ts';
import { V1 } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';
import { newId, tag } from '../helpers/sandbox.ts';

suite('root');

type Rules = NonNullable<Resources['devices']>;

/** /dev/kmsg, which the default devices do not have. */
const KMSG = { allow: true, type: 'c', major: 1, minor: 11 } as const;
const NO_KMSG = { ...KMSG, allow: false } as const;

const withRules =
  (devices: Rules | undefined): Change =>
  (config) => {
    config.linux.cgroupsPath = `/${tag}/${newId()}`;
    config.linux.resources = devices === undefined ? {} : { devices };
    config.linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666 }];
    for (const set of ['bounding', 'effective', 'permitted'] as const)
      config.process.capabilities?.[set]?.push('CAP_SYSLOG');
  };

const TRY =
  '(: < /dev/kmsg) 2>/dev/null && echo r; (: > /dev/kmsg) 2>/dev/null && echo w; ' +
  'mknod /tmp/node c 1 11 2>/dev/null && echo m; (: <> /dev/null) && echo default';

/** The letters of what can be done with /dev/kmsg; every container can use the default devices. */
function can(devices: Rules | undefined): string {
  return inside(withRules(devices), TRY).replaceAll('\n', ' ');
}

// crun 1.8.1 has no filter without rules.
t.test('no rules: the default devices only', only(['trunc', 'runc']), async (t) => {
  t.equal(can(undefined), 'm default');
  t.equal(can([]), 'm default');
});

// crun 1.8 writes -1 as a number of version 1, where it is none.
t.test('rules', only(['trunc', 'runc']), async (t) => {
  const none = { allow: false, access: 'rwm' } as const;
  const all = { allow: true, access: 'rwm' } as const;
  const cases: [string, Rules, string][] = [
    ['nothing', [none], 'm default'],
    ['everything', [all], 'r w m default'],
    ['to be read', [none, { ...KMSG, access: 'r' }], 'r m default'],
    ['to be written', [none, { ...KMSG, access: 'w' }], 'w m default'],
    ['in two rules', [none, { ...KMSG, access: 'r' }, { ...KMSG, access: 'w' }], 'r w m default'],
    ['all minors', [none, { ...KMSG, minor: -1, access: 'rw' }], 'r w m default'],
    ['all of a type', [none, { allow: true, type: 'c', access: 'r' }], 'r m default'],
    ['of the other type', [none, { ...KMSG, type: 'b', access: 'rw' }], 'm default'],
    ['in order', [all, none, { ...KMSG, access: 'w' }], 'w m default'],
    ['taken back', [none, { ...KMSG, access: 'rw' }, { ...NO_KMSG, access: 'w' }], 'r m default'],
    ['everything but', [all, { ...NO_KMSG, access: 'w' }], 'r m default'],
  ];
  for (const [name, rules, expected] of cases) t.equal(can(rules), expected, name);
});

// The kernel passes over such a rule of version 1; so does runc, which says nothing.
t.test('a part taken back', only('trunc'), async (t) => {
  const rules: Rules = [
    { ...KMSG, minor: -1, access: 'rw' },
    { ...NO_KMSG, access: 'w' },
  ];
  if (V1) refused(t, attempt(withRules(rules), 'true'), /devices\[1\].* takes back a part of .*devices\[0\]/);
  else t.equal(can(rules), 'r m default');
});

t.test('what engines send', async (t) => {
  for (const [name, resources] of Object.entries(engines)) {
    const change: Change = (config) => {
      withRules(undefined)(config);
      config.linux.resources = resources;
    };
    t.equal(
      inside(change, TRY).replaceAll('\n', ' '),
      name === 'privileged' ? 'r w m default' : 'm default',
      name,
    );
  }
});

t.test('in a user namespace', only(['trunc', 'runc']), async (t) => {
  const change: Change = (config) => {
    withRules([{ allow: false, access: 'rwm' }])(config);
    config.linux.devices = [];
    withUserNamespace(config);
  };
  t.equal(inside(change, '(: <> /dev/null) && (: < /dev/zero) && echo yes'), 'yes');
});

// Only the host's root may filter devices; runc 1.1.5 gets no further than to make /dev/tty.
t.test('by root of a user namespace', only('trunc'), async (t) => {
  const change: Change = (config) => {
    withRules([{ allow: false, access: 'rwm' }])(config);
    config.linux.devices = [];
  };
  const wrapper = ['unshare', '--user', '--map-root-user'];
  t.equal(inside(change, '(: <> /dev/null) && echo yes', { wrapper }), 'yes');
  const asked = [{ memory: { limit: 64 << 20 } }, { pids: { limit: 9 } }];
  for (const resources of asked) {
    const limited: Change = (config) => {
      change(config);
      config.linux.resources = resources;
    };
    t.equal(inside(limited, 'echo yes', { wrapper }), 'yes', 'with limits');
  }
});

t.test('nothing is left', nothingLeft);
