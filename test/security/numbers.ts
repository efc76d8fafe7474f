// Numbers and lists of config.json that wrap around, or that end something early, in what the kernel is sent.
// CVE-2021-43784 (the length of a netlink attribute wrapped: bytes of a path were read as attributes of their own),
// CVE-2026-46680 (a uid beyond 32 bits wrapped to 0), and the inheritable capabilities that nobody asked for, which for exec
// are CVE-2022-29162, CVE-2022-27650 and CVE-2025-27612.
import t from 'tap';
import { type Change, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';

suite('root');

// runc does not name the field.
t.test('namespace paths with more in them', only('trunc'), async (t) => {
  for (const path of [
    '/proc/self/ns/net\0/proc/1/ns/mnt',
    `/${'x/'.repeat(40_000)}`,
    '/proc/self/ns/net\n',
  ]) {
    const change: Change = (config) => {
      for (const namespace of config.linux.namespaces)
        if (namespace.type === 'network') namespace.path = path;
    };
    const { status, stderr } = attempt(change, 'true');
    t.equal(status, 1, JSON.stringify(path.slice(0, 20)));
    t.match(stderr.slice(0, 200), /linux\.namespaces/);
  }
});

// runc does not name the field.
t.test('more mappings than fit in a message', only('trunc'), async (t) => {
  const change: Change = (config) => {
    withUserNamespace(config);
    const many = Array.from({ length: 5000 }, (_, index) => ({
      containerID: index,
      hostID: 100_000 + index,
      size: 1,
    }));
    Object.assign(config.linux, { uidMappings: many, gidMappings: many });
  };
  refused(t, attempt(change, 'true'), /linux\.[ug]idMappings/);
});

// runc does not name the field.
t.test('users that wrap around to root', only('trunc'), async (t) => {
  for (const uid of [4294967295, 4294967296, -1, '0']) {
    for (const key of ['uid', 'gid', 'additionalGids']) {
      const change: Change = (config) => {
        Object.assign(config.process.user, { [key]: key === 'additionalGids' ? [uid] : uid });
      };
      refused(t, attempt(change, 'id -u'), /process\.user/, `${key} ${uid}`);
    }
  }
});

// runc does not name the field.
t.test('mappings that wrap around', only('trunc'), async (t) => {
  for (const mapping of [
    { containerID: 0, hostID: 4294967296, size: 1 },
    { containerID: 0, hostID: 4294967295, size: 2 },
    { containerID: 4294967296, hostID: 0, size: 1 },
    { containerID: 0, hostID: 100_000, size: 4294967297 },
  ]) {
    const change: Change = (config) => {
      withUserNamespace(config);
      Object.assign(config.linux, { uidMappings: [mapping] });
    };
    refused(t, attempt(change, 'true'), /linux\.uidMappings/, JSON.stringify(mapping));
  }
});

t.test('nothing is inheritable that config.json does not name', async (t) => {
  const caller = ['setpriv', '--inh-caps', '+net_raw,+sys_admin', '--'];
  const seen = inside(() => {}, 'grep CapInh /proc/self/status; grep CapAmb /proc/self/status', {
    wrapper: caller,
  });
  t.match(seen, /^CapInh:\t0{16}\nCapAmb:\t0{16}$/);
});

t.test('nothing is left', nothingLeft);
