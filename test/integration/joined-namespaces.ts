import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, type Config, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { donor, enter, LINKS } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, type Container, inside, nothingLeft, refused, run, running } from '../helpers/runtime.ts';
import { namespaceOf, newId, temp, until } from '../helpers/sandbox.ts';

suite('root');

const MAP = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

/** As engines do for what shares namespaces with another container: by the paths of its first process. */
function sharing({ pid }: Container, types: string[]): Change {
  return (config) => {
    for (const type of types) {
      withoutNamespace(config, type);
      config.linux.namespaces.push({ type, path: `/proc/${pid}/ns/${LINKS[type]}` });
    }
    if (!types.includes('user')) return;
    config.linux.uidMappings = MAP;
    config.linux.gidMappings = MAP;
  };
}

const links = (types: string[]) => types.map((type) => `readlink /proc/self/ns/${LINKS[type]}`).join('; ');

t.test('a pod: network, IPC and UTS of its first container', async (t) => {
  const types = ['network', 'ipc', 'uts'];
  const pause = running(t, (config) => {
    config.hostname = 'the-pod';
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '77' };
  });
  const script = `${links(types)}; hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni; echo $$`;
  const seen = inside(sharing(pause, types), script).split('\n');
  const expected = types.map((type) => namespaceOf(pause.pid, LINKS[type] as string));
  t.same(seen, [...expected, 'the-pod', '1', '77', '1'], 'but processes of its own');
});

t.test('containers of a pod reach each other by loopback', async (t) => {
  const serve: Change = (config) => {
    config.process.args = ['/bin/sh', '-c', 'echo hello | nc -l -p 4000; exec sleep 1000'];
  };
  const server = running(t, serve);
  const answer = () => attempt(sharing(server, ['network']), 'nc -w 20 127.0.0.1 4000 < /dev/null').stdout;
  t.equal(until('the answer', answer), 'hello\n');
});

t.test("another container's processes", async (t) => {
  const other = running(t);
  const script = 'cat /proc/1/cmdline | tr "\\0" " "; echo; kill 1 && echo sent; readlink /proc/self/ns/pid';
  t.equal(
    inside(sharing(other, ['pid']), script),
    `/bin/sleep 1000 \nsent\n${namespaceOf(other.pid, 'pid')}`,
    'are seen, and can be signalled',
  );
});

t.test('a pod with a user namespace', async (t) => {
  const types = ['user', 'network', 'ipc', 'uts'];
  const pause = running(t, (config) => {
    withUserNamespace(config);
    config.hostname = 'mapped-pod';
  });
  const script = `${links(types)}; hostname; id -u; cat /proc/self/uid_map | tr -s ' '; echo x > /dev/null; echo $$`;
  const seen = inside(sharing(pause, types), script).split('\n');
  const expected = types.map((type) => namespaceOf(pause.pid, LINKS[type] as string));
  t.same(seen, [...expected, 'mapped-pod', '0', ' 0 100000 65536', '1']);
});

t.test('a container of a pod with a user namespace is created, started and deleted', async (t) => {
  const pause = running(t, (config) => withUserNamespace(config));
  const { id, pid, bundle } = running(t, (config) => {
    sharing(pause, ['user', 'network', 'ipc', 'uts', 'pid'])(config);
    config.process.user = { uid: 1000, gid: 1000, additionalGids: [2000] };
    config.process.args = ['/bin/sh', '-c', 'umask 0; echo $(id -u):$(id -G) > /tmp/made; exec sleep 1000'];
  });
  const made = join(bundle, 'rootfs/tmp/made');
  until('the file', () => existsSync(made) && readFileSync(made, 'utf8') === '1000:1000 2000\n');
  t.equal(statSync(made).uid, 101_000);
  t.equal(run(['kill', id, 'KILL']).status, 0);
  until('its end', () => !existsSync(`/proc/${pid}`) || run(['state', id]).stdout.includes('stopped'));
  t.equal(run(['delete', id]).status, 0);
  t.ok(existsSync(`/proc/${pause.pid}`), 'the pod lives on');
});

t.test('a network namespace of the host for a new user namespace', async (t) => {
  const pid = donor(t, '--net');
  spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', 'link', 'set', 'lo', 'up']);
  const change: Change = (config) => {
    withUserNamespace(config);
    enter(config, 'network', `/proc/${pid}/ns/net`);
    // Only who owns the network namespace may mount it.
    config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs');
  };
  const script = 'readlink /proc/self/ns/net; ip -o link show lo; ip link set lo down 2>&1 || true';
  const [link, loopback, refusal] = inside(change, script).split('\n');
  t.equal(link, namespaceOf(pid, 'net'));
  t.match(loopback, /LOOPBACK,UP/);
  t.match(refusal, /not permitted/, 'which it does not own');
});

t.test('a namespace kept by a bind mount', async (t) => {
  const file = join(temp, newId());
  writeFileSync(file, '');
  const wrapper = [
    ...['unshare', '-m', 'sh', '-c'],
    `unshare --net true; unshare --net=${file} ip link add keep0 type veth peer name keep1; exec "$@"`,
    'sh',
  ];
  const seen = inside((config) => enter(config, 'network', file), 'cd /sys/class/net; echo *', { wrapper });
  t.equal(seen, 'keep0 keep1 lo', 'nobody is in it');
});

t.test('the order of the list does not matter', async (t) => {
  const pid = donor(t, '--user', '--map-root-user', '--net', '--uts', '--ipc');
  for (const types of [
    ['user', 'network', 'uts', 'ipc'],
    ['ipc', 'uts', 'network', 'user'],
  ]) {
    const change: Change = (config) => {
      for (const type of types) enter(config, type, `/proc/${pid}/ns/${LINKS[type]}`);
      config.linux.namespaces.reverse();
    };
    const expected = types.map((type) => namespaceOf(pid, LINKS[type] as string));
    t.same(inside(change, links(types)).split('\n'), expected);
  }
});

// crun does not look.
t.test('one is new and one joined', only(['trunc', 'runc']), async (t) => {
  const pid = donor(t, '--uts');
  const twice = (config: Config) => {
    config.linux.namespaces.push({ type: 'uts', path: `/proc/${pid}/ns/uts` });
  };
  refused(t, attempt(twice, 'true'), /namespace|duplicated ns/);
});

// crun 1.8 opens it.
t.test('an empty path asks for a new one', only(['trunc', 'runc']), async (t) => {
  const seen = inside(
    (config) => {
      config.linux.namespaces = config.linux.namespaces.map(({ type }) => ({ type, path: '' }));
    },
    links(['pid', 'network', 'uts']),
  );
  for (const link of seen.split('\n')) t.not(link, namespaceOf('self', link.replace(/:.*/, '')));
});

// runc 1.1.5 and crun 1.8 know no time namespaces, or not all of them at once.
t.test('all eight at once', only(['trunc', 'newer runc'], 'time-namespace'), async (t) => {
  const all = Object.keys(LINKS);
  const change: Change = (config) => {
    withUserNamespace(config);
    config.linux.namespaces.push({ type: 'time' });
    config.linux.timeOffsets = { monotonic: { secs: -1, nanosecs: 5 } };
  };
  const seen = inside(change, `${links(all)}; cat /proc/self/timens_offsets | tr -s ' '`).split('\n');
  all.forEach((type, index) => {
    t.not(seen[index], namespaceOf('self', LINKS[type] as string), type);
  });
  t.same(seen.slice(all.length), ['monotonic -1 5', 'boottime 0 0']);
});

// As for the time namespace above.
t.test(
  'every pair of new, joined and inherited ones',
  only(['trunc', 'newer runc'], 'time-namespace'),
  async (t) => {
    const types = ['user', 'pid', 'network', 'time'];
    const ways = ['inherited', 'new', 'joined'];
    const plain = donor(t, '--pid', '--net', '--time');
    const owned = donor(t, '--user', '--map-root-user', '--pid', '--net', '--time');
    // A digit for each type: of any two columns, all nine pairs are there.
    for (const row of ['0000', '0111', '0222', '1012', '1120', '1201', '2021', '2102', '2210']) {
      const wayOf = (type: string) => ways[Number(row[types.indexOf(type)])] as string;
      const from = wayOf('user') === 'joined' ? owned : plain;
      const change: Change = (config) => {
        for (const type of types) {
          withoutNamespace(config, type);
          if (wayOf(type) === 'joined') enter(config, type, `/proc/${from}/ns/${LINKS[type]}`);
          else if (wayOf(type) === 'new' && type === 'user') withUserNamespace(config);
          else if (wayOf(type) === 'new') config.linux.namespaces.push({ type });
        }
        // Of a namespace that another user namespace owns none may be mounted.
        config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs' && type !== 'proc');
        config.mounts.unshift({ destination: '/proc', type: 'none', source: '/proc', options: ['rbind'] });
      };
      const seen = inside(change, links(types)).split('\n');
      types.forEach((type, index) => {
        const link = LINKS[type] as string;
        const message = `${type}: ${wayOf(type)} (${row})`;
        if (wayOf(type) === 'inherited') t.equal(seen[index], namespaceOf('self', link), message);
        else if (wayOf(type) === 'joined') t.equal(seen[index], namespaceOf(from, link), message);
        else
          t.notOk([namespaceOf('self', link), namespaceOf(from, link)].includes(seen[index] ?? ''), message);
      });
    }
  },
);

t.test('time: the clock that is joined', only(['trunc', 'newer runc'], 'time-namespace'), async (t) => {
  const pid = donor(t, '--time', '--boottime', '500000');
  const uptime = () => Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  const seen = inside((config) => enter(config, 'time', `/proc/${pid}/ns/time`), 'cat /proc/uptime');
  t.ok(Math.abs(Number.parseFloat(seen) - uptime() - 500_000) < 10, seen);
});

t.test(
  'user: mappings beside a path must be those that are there',
  only(['trunc', 'newer runc']),
  async (t) => {
    const pid = donor(t, '--user', '--map-root-user');
    const joined = (size: number) => (config: Config) => {
      enter(config, 'user', `/proc/${pid}/ns/user`);
      config.linux.uidMappings = [{ containerID: 0, hostID: 0, size }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    };
    t.equal(inside(joined(1), 'id -u'), '0');
    refused(
      t,
      attempt(joined(2), 'true'),
      /linux\.uidMappings: .* other mappings: 0 0 1|non-matching mapping/,
    );
  },
);

// runc leaves out groups where it may not set them.
t.test('user: ids that the namespace does not map, or groups that it denies', only('trunc'), async (t) => {
  const pid = donor(t, '--user', '--map-root-user');
  const as = (user: Config['process']['user']) => (config: Config) => {
    enter(config, 'user', `/proc/${pid}/ns/user`);
    config.process.user = user;
  };
  refused(t, attempt(as({ uid: 7, gid: 0 }), 'true'), /process\.user\.uid: .*invalid argument/);
  refused(t, attempt(as({ uid: 0, gid: 7 }), 'true'), /process\.user\.gid: .*invalid argument/);
  refused(
    t,
    attempt(as({ uid: 0, gid: 0, additionalGids: [0] }), 'true'),
    /process\.user\.additionalGids: .*not permitted/,
    'unshare has denied setgroups',
  );
});

// crun makes one more namespace around it, runc cannot do without.
t.test('user: without the id 0', only('trunc'), async (t) => {
  const one = [{ containerID: 1000, hostID: 100_000, size: 1 }];
  const group: Change = (config) => {
    withUserNamespace(config);
    config.linux.gidMappings = one;
    config.process.user = { uid: 1000, gid: 1000 };
  };
  const both: Change = (config) => {
    group(config);
    config.linux.uidMappings = one;
  };
  const script =
    'id -u; id -g; tr -s " " < /proc/self/uid_map; grep CapEff /proc/self/status; mkdir /dev/shm/x';
  for (const change of [group, both]) {
    const { stdout, stderr } = attempt(change, script);
    t.match(stdout, /^1000\n1000\n.*\nCapEff:\t0+\n$/, stderr);
  }
  const capable: Change = (config) => {
    both(config);
    const wanted = ['CAP_NET_BIND_SERVICE'];
    config.process.capabilities = Object.fromEntries(
      ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'].map((set) => [set, wanted]),
    );
  };
  t.equal(
    inside(capable, 'grep CapEff /proc/self/status'),
    'CapEff:\t0000000000000400',
    'what is asked for, no more',
  );
  const { id } = running(t, both);
  t.equal(run(['exec', id, 'id', '-u']).stdout, '1000\n');
  t.equal(run(['exec', '--user', '5', id, 'id']).status, 255, 'nobody else');
  const neither: Change = (config) => {
    both(config);
    config.process.user = { uid: 0, gid: 0 };
  };
  refused(t, attempt(neither, 'true'), /process\.user\.uid: 0 is not mapped/);
});

t.test('user: setgroups is allowed in a new one', async (t) => {
  const change: Change = (config) => {
    withUserNamespace(config);
    config.linux.gidMappings = [
      { containerID: 0, hostID: 300_000, size: 1 },
      { containerID: 50, hostID: 300_050, size: 2 },
    ];
    config.process.user = { uid: 5, gid: 51, additionalGids: [50, 0] };
  };
  const seen = inside(change, 'cat /proc/self/setgroups; id -u; id -G; cat /proc/self/gid_map | tr -s " "');
  t.equal(seen, 'allow\n5\n51 0 50\n 0 300000 1\n 50 300050 2');
});

t.test('nothing is left', nothingLeft);
