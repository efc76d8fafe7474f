import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, withoutNamespace } from '../helpers/bundle.ts';
import {
  attemptAsUser,
  prepareRoot,
  UID,
  user,
  userBundle,
  userContainer,
  userInside,
  wrapper,
} from '../helpers/ordinary-user.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { newId, tag, temp, until } from '../helpers/sandbox.ts';

// Everything here is done by an ordinary user, who has no cgroup unless it is said.
suite('root', 'newuidmap');
prepareRoot();

const list = (id: string) =>
  (JSON.parse(user(['list', '--format', 'json']).stdout) as { id: string; owner: string }[]).find(
    (entry) => entry.id === id,
  );

t.test('root inside is the user outside', async (t) => {
  const bundle = userBundle(
    () => {},
    'id -u; tr -s " " < /proc/self/uid_map; cat /proc/self/setgroups; touch /made; echo x > /dev/null; ls /dev; grep CapEff /proc/1/status',
  );
  const { stdout, stderr, status } = user(['run', newId()], { bundle });
  t.equal(status, 0, stderr);
  const [uid, map, setgroups, ...rest] = stdout.trim().split('\n');
  t.same([uid, map?.trim(), setgroups], ['0', `0 ${UID} 1`, 'deny']);
  for (const name of ['full', 'null', 'random', 'tty', 'urandom', 'zero', 'ptmx', 'fd'])
    t.ok(rest.includes(name), name);
  t.equal(statSync(join(bundle, 'rootfs/made')).uid, UID);
});

t.test('what spec --rootless writes can be run', async (t) => {
  const bundle = userBundle();
  const cwd = join(bundle, 'spec');
  mkdirSync(cwd);
  chownSync(cwd, UID, UID);
  t.equal(user(['spec', '--rootless'], { cwd }).status, 0);
  const config = JSON.parse(readFileSync(join(cwd, 'config.json'), 'utf8'));
  t.match(config.linux.uidMappings, [{ containerID: 0, hostID: UID, size: 1 }]);
  t.match(config.linux.gidMappings, [{ containerID: 0, hostID: UID, size: 1 }]);
  config.process.terminal = false;
  config.process.args = ['sh', '-c', 'hostname; id -u'];
  config.process.env = ['PATH=/bin'];
  config.root.path = join(bundle, 'rootfs');
  writeFileSync(join(cwd, 'config.json'), JSON.stringify(config));
  t.match(user(['run', newId()], { bundle: cwd }).stdout, /^(trunc|runc)\n0\n$/);
});

t.test('the life of a container', async (t) => {
  const { id, pid } = userContainer(t);
  t.equal(JSON.parse(user(['state', id]).stdout).status, 'created');
  t.match(list(id)?.owner, String(UID));
  // Whoever made it can look into it, as a helper for networks does before the program runs.
  t.equal(statSync(`/proc/${pid}/ns`).uid, UID, 'its files in /proc belong to the user');
  t.equal(user(['exec', id, 'id', '-u']).stdout, '0\n', 'exec before the start');
  t.equal(user(['start', id]).status, 0);
  until('the program', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  t.match(user(['exec', id, 'ps']).stdout, /^ +1 +root +\/bin\/sleep 1000$/m);
  t.equal(user(['exec', id, 'sh', '-c', 'exit 7']).status, 7);
  t.equal(user(['kill', id, 'KILL']).status, 0);
  until('the end', () => JSON.parse(user(['state', id]).stdout).status === 'stopped');
  t.equal(user(['delete', id]).status, 0);
  t.not(user(['state', id]).status, 0);
});

t.test('exec in a container that joins namespaces of another one', async (t) => {
  const { id, pid } = userContainer(t);
  const shares: Change = (config) => {
    for (const [type, kind] of [
      ['user', 'user'],
      ['network', 'net'],
      ['ipc', 'ipc'],
    ] as const) {
      withoutNamespace(config, type);
      config.linux.namespaces.unshift({ type, path: `/proc/${pid}/ns/${kind}` });
    }
    // sysfs belongs to who has made the network namespace: the same user namespace.
    if (runtime.kind === 'trunc') {
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    }
    config.process.oomScoreAdj = 300;
  };
  user(['start', id]);
  t.equal(
    userInside(shares, 'readlink /proc/self/ns/net; cat /proc/self/oom_score_adj').split('\n')[1],
    '300',
  );
});

t.test('--root by default', async (t) => {
  const bundle = userBundle(() => {}, ['/bin/sleep', '1000']);
  const runtimeDirectory = join(temp, 'xdg');
  mkdirSync(runtimeDirectory, { mode: 0o700 });
  chownSync(runtimeDirectory, UID, UID);
  const command = [...wrapper(), ...runtime.argv];
  const call = (...args: string[]) =>
    spawnSync(command[0] as string, [...command.slice(1), ...args], {
      env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: runtimeDirectory, TRUNC_TEST: tag },
      // No pipe: the container keeps them.
      stdio: 'ignore',
    });
  const id = newId();
  t.equal(call('create', '--bundle', bundle, id).status, 0);
  const directory = join(runtimeDirectory, runtime.kind);
  t.equal((statSync(directory).mode & 0o7777).toString(8), '1700');
  t.ok(existsSync(join(directory, id)));
  t.equal(call('delete', '--force', id).status, 0);
  if (runtime.kind !== 'trunc') return;
  const { status, stderr } = spawnSync(command[0] as string, [...command.slice(1), 'run', '-b', bundle, id], {
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });
  t.equal(status, 1);
  t.match(stderr, /--root: \/run\/trunc.*permission denied \(an ordinary user needs XDG_RUNTIME_DIR/);
});

t.test('a terminal', async (t) => {
  const bundle = userBundle(({ process }) => {
    process.terminal = true;
  }, 'tty; test -c /dev/console && echo console');
  const line = ['run', '--bundle', bundle, newId()].join(' ');
  const command = [...wrapper(), ...runtime.argv, '--root', join(temp, 'root'), line];
  const quoted = command.map((word, index) => (index === command.length - 1 ? word : `'${word}'`)).join(' ');
  const { stdout } = spawnSync('script', ['-qec', quoted, '/dev/null'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TRUNC_TEST: tag },
  });
  t.match(stdout.replaceAll('\r', ''), '/dev/pts/0\nconsole\n');
});

t.test('the OOM score can be raised', async (t) => {
  const raised: Change = ({ process }) => {
    process.oomScoreAdj = 500;
  };
  t.equal(userInside(raised, 'cat /proc/self/oom_score_adj'), '500');
  const { id } = userContainer(t, raised);
  t.equal(user(['exec', id, 'cat', '/proc/self/oom_score_adj']).stdout, '500\n');
});

t.test('limits of the process', async (t) => {
  const lower: Change = ({ process }) => {
    process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }];
  };
  t.equal(userInside(lower, 'ulimit -n; ulimit -Hn'), '100\n200');
});

// runc names neither the field nor the reason.
t.test('what an ordinary user cannot have', only('trunc'), async (t) => {
  const refuse = (change: Change, reason: RegExp, name: string) =>
    refused(t, attemptAsUser(change, ['/bin/true']), reason, name);
  refuse(
    ({ process }) => {
      process.oomScoreAdj = -500;
    },
    /process\.oomScoreAdj: set -500: write: permission denied \(without privileges it cannot be lower/,
    'a lower OOM score',
  );
  refuse(
    ({ process }) => {
      process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1e7, hard: 1e7 }];
    },
    /process\.rlimits\[0\]: set RLIMIT_NOFILE/,
    'more descriptors',
  );
  refuse(
    (config) => {
      withoutNamespace(config, 'user');
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    },
    /linux\.namespaces: .*operation not permitted \(an ordinary user needs a user namespace/,
    'no user namespace',
  );
  refuse(
    ({ process }) => {
      process.user.additionalGids = [0];
    },
    /process\.user\.additionalGids: .*operation not permitted \(.*newgidmap/,
    'groups, where the only one is mapped without newgidmap',
  );
  refuse(
    ({ linux }) => {
      Object.assign(linux, { netDevices: { dummy0: {} } });
    },
    /linux\.netDevices: setns: operation not permitted \(devices/,
    'network devices',
  );
  refuse(
    ({ mounts }) => {
      mounts.push({ destination: '/mnt', type: 'bind', source: '/usr', options: ['bind', 'idmap'] });
    },
    /mounts\[\d\]: mount \/usr on \/mnt: .*operation not permitted \(mapping owners/,
    'mapped owners',
  );
});

/** The user in a mount namespace with another /etc, which newuidmap reads. */
function known(ranges: string): string[] {
  const directory = join(temp, newId());
  mkdirSync(directory);
  writeFileSync(join(directory, 'passwd'), `root:x:0:0::/:/bin/sh\nordinary:x:${UID}:${UID}::/:/bin/sh\n`);
  for (const name of ['subuid', 'subgid']) writeFileSync(join(directory, name), ranges);
  return ['unshare', '-m', 'sh', '-c', `mount --bind ${directory} /etc && exec "$@"`, 'sh'];
}

const ranged: Change = ({ linux }) => {
  const mappings = [
    { containerID: 0, hostID: UID, size: 1 },
    { containerID: 1, hostID: 700_000, size: 1000 },
  ];
  linux.uidMappings = mappings;
  linux.gidMappings = mappings;
};

t.test('ranges of ids, by newuidmap', async (t) => {
  const options = { wrapper: wrapper(known('ordinary:700000:1000\n')) };
  const script =
    'tr -s " " < /proc/self/uid_map; cat /proc/self/setgroups; chown 5:6 /tmp/x; id; stat -c %u:%g /tmp/x';
  const change: Change = (config) => {
    ranged(config);
    if (runtime.kind === 'trunc') config.process.user.additionalGids = [7];
  };
  const bundle = userBundle(change, `touch /tmp/x; ${script}`);
  const { stdout, stderr, status } = user(['run', newId()], { ...options, bundle });
  t.equal(status, 0, stderr);
  t.match(stdout, ` 0 ${UID} 1\n 1 700000 1000\nallow\n`);
  t.match(stdout, '5:6');
  // runc sets none for an ordinary user.
  if (runtime.kind === 'trunc') t.match(stdout, /groups=.*7/);
  const made = statSync(join(bundle, 'rootfs/tmp/x'));
  t.same([made.uid, made.gid], [700_004, 700_005]);
});

t.test('a program as another user than root', async (t) => {
  const options = { wrapper: wrapper(known('ordinary:700000:1000\n')) };
  const change: Change = (config) => {
    ranged(config);
    config.process.user = { uid: 33, gid: 44 };
  };
  t.match(userInside(change, 'id', options), /^uid=33 gid=44/);
  const { id } = userContainer(t, change, options);
  // runc 1.1.5 may not look into its init any more.
  if (runtime.kind !== 'trunc') user(['start', id]);
  t.match(user(['exec', id, 'id'], options).stdout, /^uid=33 gid=44/);
});

// runc writes uid_map first, and does not name the field.
t.test('ids that are not the user’s', only('trunc'), async (t) => {
  const refuse = (ranges: string, reason: RegExp, name: string) =>
    refused(t, attemptAsUser(ranged, ['/bin/true'], { wrapper: wrapper(known(ranges)) }), reason, name);
  refuse(
    'other:700000:1000\n',
    /linux\.gidMappings: write the map: newgidmap: .*not allowed.*\/etc\/subgid/,
    'of another',
  );
  refuse('ordinary:700000:999\n', /newgidmap: .*not allowed/, 'one too many');
  const PATH = join(temp, 'empty');
  mkdirSync(PATH);
  const helperless = attemptAsUser(ranged, ['/bin/true'], {
    wrapper: [
      '/bin/sh',
      '-c',
      `p=$1; shift; exec /usr/sbin/chroot --userspec=${UID}:${UID} --groups= --skip-chdir / /usr/bin/env PATH=${PATH} ${wrapper().at(-1)} "$@"`,
      'sh',
    ],
  });
  refused(t, helperless, /linux\.gidMappings: .*needs newgidmap.*uidmap/, 'without the helper');
});

// runc 1.1.5 cannot do without.
t.test('no root inside', only('trunc'), async (t) => {
  const change: Change = ({ process, linux }) => {
    linux.uidMappings = [{ containerID: 1000, hostID: UID, size: 1 }];
    linux.gidMappings = [{ containerID: 1001, hostID: UID, size: 1 }];
    process.user = { uid: 1000, gid: 1001 };
  };
  t.match(
    userInside(change, 'id; cat /proc/sys/kernel/hostname; ls /sys /dev/pts'),
    /^uid=1000(\(user\))? gid=1001\n/,
  );
  const { id } = userContainer(t, change);
  t.match(user(['exec', id, 'id']).stdout, /^uid=1000/);
  t.equal(user(['start', id]).status, 0);
});

// As rootless Podman calls its runtime.
t.test('root of a user namespace', async (t) => {
  const options = { wrapper: wrapper([], ['unshare', '--user', '--map-root-user', '--mount']) };
  const script = 'id -u; tr -s " " < /proc/self/uid_map; cat /proc/self/oom_score_adj';
  const here: Change = (config) => {
    withoutNamespace(config, 'user');
    delete config.linux.uidMappings;
    delete config.linux.gidMappings;
    config.process.oomScoreAdj = 200;
  };
  t.equal(userInside(here, script, options), `0\n 0 ${UID} 1\n200`);
  const another: Change = ({ linux }) => {
    linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
  };
  t.equal(userInside(another, script, options), '0\n 0 0 1\n0', 'in one of its own');
  const { id } = userContainer(t, here, options);
  // runc 1.1.5 may not join from outside, where the user has not become root.
  if (runtime.kind === 'runc') return;
  t.equal(user(['exec', id, 'cat', '/proc/self/oom_score_adj']).stdout, '200\n');
});

t.test('nothing is left', nothingLeft);
