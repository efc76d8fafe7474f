import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { type Change, makeBundle, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, run, running, runtime } from '../helpers/runtime.ts';
import { newId, tag, temp } from '../helpers/sandbox.ts';

suite('root', 'apparmor', 'apparmor_parser');

const PROFILE = `${tag}-profile`;

/** Everything but reading one file; the loader replaces a profile of the same name. */
function loadProfile(t: Test): void {
  const file = join(temp, 'profile');
  const rules = 'capability, network, mount, umount, signal, ptrace, file, deny /etc/secret r,';
  writeFileSync(file, `profile ${PROFILE} flags=(attach_disconnected,mediate_deleted) { ${rules} }\n`);
  const { status, stderr } = spawnSync('apparmor_parser', ['--replace', '--skip-cache', file], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  t.teardown(() => void spawnSync('apparmor_parser', ['--remove', file]));
}

const profile =
  (name: string, ...changes: Change[]): Change =>
  (config) => {
    for (const change of changes) change(config);
    Object.assign(config.process, { apparmorProfile: name });
  };
const asUser: Change = (config) => {
  config.process.user = { uid: 1000, gid: 1000 };
  config.process.noNewPrivileges = true;
};

/** What the container sees of itself, and of a file that the profile keeps from it. */
const LOOK = 'cat /proc/self/attr/current; cat /etc/secret 2>&1; cat /etc/other';

function bundleWith(change: Change): string {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', LOOK];
    change(config);
  });
  for (const name of ['secret', 'other']) writeFileSync(join(bundle, `rootfs/etc/${name}`), `${name}\n`);
  return bundle;
}

t.test('a profile that is loaded', async (t) => {
  loadProfile(t);
  const confined = new RegExp(`^${PROFILE} \\(enforce\\)\ncat: .*/etc/secret.*: Permission denied\nother\n$`);
  const look = (change: Change) => run(['run', newId()], { bundle: bundleWith(change) }).stdout;
  t.match(
    look(() => {}),
    /^unconfined\nsecret\nother\n$/,
    'without',
  );
  t.match(look(profile(PROFILE)), confined);
  t.match(look(profile(PROFILE, asUser)), confined, 'as a user, with noNewPrivileges');
  t.match(look(profile(PROFILE, withUserNamespace)), confined, 'in a user namespace');
  t.match(look(profile('unconfined')), /^unconfined\nsecret\nother\n$/, 'that of everybody else');
});

t.test('an image that brings a /proc of its own (CVE-2019-16884)', only('trunc'), async (t) => {
  loadProfile(t);
  const bundle = makeBundle((config) => {
    profile(PROFILE)(config);
    config.process.args = ['/bin/sleep', '1000'];
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/proc');
  });
  const files = ['self', 'thread-self', '1', 'self/task/1'].flatMap((name) =>
    ['exec', 'apparmor/exec'].map((file) => join(bundle, 'rootfs/proc', name, 'attr', file)),
  );
  for (const file of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
  const { pid } = running(t, undefined, [], { bundle });
  t.equal(readFileSync(`/proc/${pid}/attr/apparmor/current`, 'utf8'), `${PROFILE} (enforce)\n`);
  for (const file of files) t.equal(readFileSync(file, 'utf8'), '', file);
});

t.test('a hook before it does not use it up', only('trunc'), async (t) => {
  loadProfile(t);
  const hook = { path: '/bin/sh', args: ['sh', '-c', 'cat /proc/self/attr/current > /tmp/hook'] };
  const change: Change = (config) => void Object.assign(config, { hooks: { startContainer: [hook] } });
  const seen = inside(profile(PROFILE, change), 'cat /tmp/hook /proc/self/attr/current');
  t.equal(seen, `${PROFILE} (enforce)\n${PROFILE} (enforce)`);
});

t.test('a profile that is not loaded', async (t) => {
  const result = attempt(profile(`${tag}-none`), 'true');
  refused(t, result, /apparmor/i);
  if (runtime.kind !== 'trunc') return;
  t.match(
    result.stderr,
    `process.apparmorProfile: set "${tag}-none": the policy that is loaded does not know it`,
  );
});

// runc and crun write it as it is.
t.test('a name cannot be more than a name', only('trunc'), async (t) => {
  loadProfile(t);
  for (const name of [`${PROFILE}\nexec unconfined`, `${PROFILE}\0`, ' '])
    refused(t, attempt(profile(name), 'true'), /process\.apparmorProfile/, JSON.stringify(name));
});

// runc does not name the field.
t.test('a label of SELinux, which is off', only('trunc'), async (t) => {
  const change: Change = (config) =>
    void Object.assign(config.process, { selinuxLabel: 'system_u:system_r:x:s0' });
  refused(t, attempt(change, 'true'), /process\.selinuxLabel: .*SELinux is not enabled on this host/);
});

t.test('it is the container that is confined, not who makes it', async (t) => {
  loadProfile(t);
  t.equal(
    inside(
      profile(PROFILE, (config) => {
        config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      }),
      'cat /proc/sys/net/ipv4/ip_forward',
    ),
    '1',
  );
});

t.test('nothing is left', nothingLeft);
