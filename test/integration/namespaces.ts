import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Config, makeBundle, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { donor, enter, LINKS } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, running, runtime } from '../helpers/runtime.ts';
import { namespaceOf, tag, temp, until } from '../helpers/sandbox.ts';

suite('root');

// runc 1.1.5 knows no time namespaces, crun 1.8 fails to make one where all of them are new.
const TYPES = Object.keys(LINKS).filter((type) => type !== 'time' || runtime.kind === 'trunc');

function add(config: Config, type: string): void {
  withoutNamespace(config, type);
  if (type === 'user') withUserNamespace(config);
  else config.linux.namespaces.push({ type });
}

for (const type of TYPES) {
  const link = LINKS[type] as string;

  t.test(`${type}: new`, async (t) => {
    const seen = inside((config) => add(config, type), `readlink /proc/self/ns/${link}`);
    t.match(seen, /^\w+:\[\d+\]$/);
    t.not(seen, namespaceOf('self', link));
  });

  if (type !== 'mount')
    t.test(`${type}: the same as the caller's when absent`, async (t) => {
      const seen = inside((config) => withoutNamespace(config, type), `readlink /proc/self/ns/${link}`);
      t.equal(seen, namespaceOf('self', link));
    });

  t.test(`${type}: joined by path`, async (t) => {
    const pid = donor(
      t,
      ...(type === 'user' ? ['--user', '--map-root-user'] : [`--${link === 'mnt' ? 'mount' : link}`]),
    );
    const path = `/proc/${pid}/ns/${link}`;
    const seen = inside((config) => enter(config, type, path), `readlink /proc/self/ns/${link}`);
    t.equal(seen, namespaceOf(pid, link));
    t.not(seen, namespaceOf('self', link));
  });

  t.test(`${type}: twice`, async (t) => {
    const twice = (config: Config) => {
      add(config, type);
      config.linux.namespaces.push({ type });
    };
    if (runtime.kind === 'crun') return; // does not look
    refused(t, attempt(twice, 'true'), /namespace|duplicated ns/);
  });
}

// crun makes one all the same.
t.test("mount: the same as the caller's when absent", only(['trunc', 'runc']), async (t) => {
  // The rootfs and /dev come into the mounts of the caller: give it some to spoil.
  const wrapper = ['unshare', '-m', 'sh', '-c', 'readlink /proc/self/ns/mnt >&2; exec "$@"', 'sh'];
  const absent = (config: Config) => {
    withoutNamespace(config, 'mount');
    // trunc mounts nothing for the caller to clean up; runc cannot do without /proc.
    config.mounts = config.mounts.filter(({ type }) => runtime.kind === 'runc' && type === 'proc');
  };
  const { pid, output } = running(t, absent, [], { wrapper });
  t.equal(namespaceOf(pid, 'mnt'), output.stderr.trim());
  t.not(namespaceOf(pid, 'mnt'), namespaceOf('self', 'mnt'));
  t.ok(readdirSync(`/proc/${pid}/root`).includes('bin'), 'with the rootfs as its root all the same');
  t.notOk(readdirSync(`/proc/${pid}/root`).includes('usr'));
});

t.test('a path of another type, and one that is no namespace', async (t) => {
  const net = `/proc/${process.pid}/ns/net`;
  refused(
    t,
    attempt((config) => enter(config, 'ipc', net), 'true'),
    /invalid argument|namespace|ipc/i,
  );
  refused(
    t,
    attempt((config) => enter(config, 'ipc', '/etc/passwd'), 'true'),
    /invalid argument|namespace|ipc/i,
  );
  refused(
    t,
    attempt((config) => enter(config, 'ipc', '/no/such'), 'true'),
    /no such file|namespace/i,
  );
});

t.test('an unknown type', async (t) => {
  refused(
    t,
    attempt((config) => config.linux.namespaces.push({ type: 'moon' }), 'true'),
    /namespace/,
  );
});

t.test('time offsets', only(['trunc', 'newer runc'], 'time-namespace'), async (t) => {
  const offsets = (config: Config) => {
    add(config, 'time');
    config.linux.timeOffsets = { monotonic: { secs: 5000, nanosecs: 7 }, boottime: { secs: 1_000_000 } };
  };
  const [monotonic, boottime, uptime] = inside(offsets, 'cat /proc/self/timens_offsets /proc/uptime').split(
    '\n',
  );
  t.match(monotonic, /^monotonic +5000 +7$/);
  t.match(boottime, /^boottime +1000000 +0$/);
  const difference =
    Number.parseFloat(uptime ?? '') - Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  t.ok(Math.abs(difference - 1_000_000) < 10, `uptime is ahead by ${difference} s`);
});

t.test('time offsets without a time namespace', only(['trunc', 'newer runc']), async (t) => {
  const result = attempt((config) => {
    config.linux.timeOffsets = { monotonic: { secs: 1 } };
  }, 'true');
  refused(t, result, /timeOffsets|time namespace offsets/);
});

t.test('user: mappings', async (t) => {
  const shared = join(temp, 'shared');
  const { id, pid, bundle } = running(t, (config) => {
    withUserNamespace(config, 100_000, 5000);
    config.linux.uidMappings?.push({ containerID: 5000, hostID: 200_000, size: 10 });
    config.process.args = ['/bin/sh', '-c', 'umask 0; echo $(id -u):$(id -g) > /tmp/made; exec sleep 1000'];
  });
  t.ok(id && shared);
  const map = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').replace(/ +/g, ' ').trim();
  t.equal(map('uid_map'), '0 100000 5000\n 5000 200000 10');
  t.equal(map('gid_map'), '0 100000 5000');
  t.match(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
    /^Uid:\t100000\t100000\t100000\t100000\nGid:\t100000\t/m,
  );
  const made = join(bundle, 'rootfs/tmp/made');
  until('the file', () => existsSync(made) && readFileSync(made, 'utf8') === '0:0\n');
  t.equal(statSync(made).uid, 100_000, 'a file of container root belongs to the mapped user');
});

t.test('user: another user of the mapping', async (t) => {
  const change = (config: Config) => {
    withUserNamespace(config);
    config.process.user = { uid: 1000, gid: 1001, additionalGids: [1002] };
  };
  t.equal(inside(change, 'id -u; id -g; id -G'), '1000\n1001\n1001 1002');
});

t.test('user: devices and mounts work', async (t) => {
  const script =
    'echo x > /dev/null && head -c 4 /dev/zero | wc -c && ls /sys/class/net && hostname && ls -d /dev/pts/ptmx';
  t.equal(
    inside((config) => {
      withUserNamespace(config);
      config.hostname = 'mapped';
    }, script),
    '4\nlo\nmapped\n/dev/pts/ptmx',
  );
});

// crun maps root by itself.
t.test('user: mappings are needed', only(['trunc', 'runc']), async (t) => {
  refused(
    t,
    attempt((config) => config.linux.namespaces.push({ type: 'user' }), 'true'),
    /mapping/i,
    'none',
  );
});

// runc passes over them.
t.test('user: mappings are for a user namespace', only('trunc'), async (t) => {
  const without = (config: Config) => {
    config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 10 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 10 }];
  };
  refused(t, attempt(without, 'true'), /linux\.(uidMappings|namespaces)/);
});

t.test('user, pid, network, ipc and uts of one process, joined together', async (t) => {
  const pid = donor(t, '--user', '--map-root-user', '--pid', '--net', '--ipc', '--uts');
  const types = ['user', 'pid', 'network', 'ipc', 'uts'];
  const links = types.map((type) => LINKS[type] as string);
  const seen = inside(
    (config) => {
      for (const type of types) enter(config, type, `/proc/${pid}/ns/${LINKS[type]}`);
      config.linux.cgroupsPath = `/${tag}/joined`;
    },
    `for n in ${links.join(' ')}; do readlink /proc/self/ns/$n; done; id -u`,
  );
  t.same(seen.split('\n'), [...links.map((link) => namespaceOf(pid, link)), '0']);
});

t.test('pid: the program is a member of the joined namespace', async (t) => {
  const pid = donor(t, '--pid');
  const processes = inside(
    (config) => enter(config, 'pid', `/proc/${pid}/ns/pid`),
    'cat /proc/1/comm; echo $$',
  ).split('\n');
  t.equal(processes[0], 'sleep', 'pid 1 is the donor');
  t.ok(Number(processes[1]) > 1);
});

t.test('pid: the program is 1 in a new namespace', async (t) => {
  t.equal(
    inside(() => {}, 'echo $$; set -- /proc/[0-9]*; echo $#'),
    '1\n1',
  );
});

t.test("cgroup: the root is the container's own cgroup", async (t) => {
  const paths = inside(() => {}, 'cat /proc/self/cgroup').split('\n');
  t.ok(paths.length > 0);
  t.same(
    paths.filter((line) => !line.endsWith(':/')),
    [],
  );
});

t.test('an outsider stays what it was', async (t) => {
  const before = Object.values(LINKS).map((link) => namespaceOf('self', link));
  const hostname = readFileSync('/proc/sys/kernel/hostname', 'utf8');
  attempt(
    (config) => {
      config.hostname = 'inside';
    },
    'true',
    { bundle: makeBundle() },
  );
  t.same(
    Object.values(LINKS).map((link) => namespaceOf('self', link)),
    before,
  );
  t.equal(readFileSync('/proc/sys/kernel/hostname', 'utf8'), hostname);
});

// runc 1.1.5 does not say which.
t.test(
  'a namespace that the kernel does not make is not the one of the caller instead',
  only('trunc'),
  async (t) => {
    for (const [type, name] of [
      ['uts', 'uts'],
      ['network', 'net'],
      ['ipc', 'ipc'],
    ] as const) {
      const result = attempt(
        (config) => {
          config.linux.namespaces = ['mount', 'pid', 'user', type].map((each) => ({ type: each }));
          config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
          config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
          config.mounts = [];
          delete config.linux.cgroupsPath;
        },
        'echo runs',
        {
          wrapper: [
            'unshare',
            '-Ur',
            'sh',
            '-c',
            `echo 0 >/proc/sys/user/max_${name}_namespaces; exec "$@"`,
            'sh',
          ],
        },
      );
      t.equal(result.status, 1, type);
      t.equal(result.stdout, '', type);
      t.match(result.stderr, /linux\.namespaces: /, type);
    }
  },
);

t.test('nothing is left', nothingLeft);
