import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  type Change,
  type Device,
  makeBundle,
  readConfig,
  withUserNamespace,
  writeConfig,
} from '../helpers/bundle.ts';
import { hostDevices } from '../helpers/listing.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};
const devices =
  (...list: Device[]): Change =>
  (config) => {
    config.linux.devices = list;
  };
const stat = (...paths: string[]) => `stat -c '%n %F %t:%T %a %u:%g' ${paths.join(' ')}`;

const DEFAULTS: Record<string, string> = {
  null: '1:3',
  zero: '1:5',
  full: '1:7',
  random: '1:8',
  urandom: '1:9',
  tty: '5:0',
};

t.test('the default devices', async (t) => {
  const names = Object.keys(DEFAULTS);
  const seen = inside(same, stat(...names.map((name) => `/dev/${name}`)));
  const expected = names.map((name) => `/dev/${name} character special file ${DEFAULTS[name]} 666 0:0`);
  t.same(seen.split('\n'), expected);
});

t.test('the default devices work', async (t) => {
  const script =
    'echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 4 /dev/urandom | wc -c; echo x 2>&1 > /dev/full || echo full';
  t.match(inside(same, script), /^ 00 00 00\n4\n.*full$/s);
});

t.test('the links', async (t) => {
  const names = ['fd', 'stdin', 'stdout', 'stderr', 'ptmx'];
  t.same(inside(same, `cd /dev; for n in ${names.join(' ')}; do readlink $n; done`).split('\n'), [
    '/proc/self/fd',
    '/proc/self/fd/0',
    '/proc/self/fd/1',
    '/proc/self/fd/2',
    'pts/ptmx',
  ]);
});

t.test('nothing else is in /dev', async (t) => {
  const expected = [
    'fd',
    'full',
    'null',
    'ptmx',
    'pts',
    'random',
    'stderr',
    'stdin',
    'stdout',
    'tty',
    'urandom',
    'zero',
  ];
  const optional = ['core']; // runc and crun link it where /proc/kcore exists
  const extra = runtime.kind === 'crun' ? ['console', 'shm', 'mqueue'] : [];
  const seen = inside(same, 'ls /dev').split('\n');
  t.same(
    seen.filter((name) => ![...optional, ...extra].includes(name)),
    expected,
  );
});

t.test('linux.devices', async (t) => {
  const list: Device[] = [
    { type: 'c', path: '/dev/char', major: 1, minor: 3, fileMode: 0o640, uid: 5, gid: 6 },
    { type: 'b', path: '/dev/sub/block', major: 7, minor: 0, fileMode: 0o600 },
    { type: 'p', path: '/dev/pipe', fileMode: 0o622, uid: 7, gid: 7 },
    { type: 'u', path: '/dev/unbuffered', major: 1, minor: 5, fileMode: 0o606 },
  ];
  const seen = inside(devices(...list), stat('/dev/char', '/dev/sub/block', '/dev/pipe', '/dev/unbuffered'));
  t.same(seen.split('\n'), [
    '/dev/char character special file 1:3 640 5:6',
    '/dev/sub/block block special file 7:0 600 0:0',
    '/dev/pipe fifo 0:0 622 7:7',
    '/dev/unbuffered character special file 1:5 606 0:0',
  ]);
});

t.test('a device of its own takes the place of a default one', async (t) => {
  const own = devices({ type: 'c', path: '/dev/zero', major: 1, minor: 5, fileMode: 0o600, uid: 1, gid: 2 });
  t.equal(inside(own, stat('/dev/zero')), '/dev/zero character special file 1:5 600 1:2');
});

t.test('the mode is not cut by the umask of the caller', async (t) => {
  const wrapper = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
  const own = devices({ type: 'c', path: '/dev/char', major: 1, minor: 3, fileMode: 0o666 });
  const seen = inside(own, 'stat -c %a /dev/char /dev/null /dev/pts; umask', { wrapper });
  t.equal(seen, '666\n666\n755\n0022');
});

t.test('in a user namespace the nodes of the host are bound', async (t) => {
  const seen = inside(
    (config) => {
      withUserNamespace(config);
    },
    `${stat('/dev/null')}; echo ok > /dev/null && echo works`,
  );
  t.match(seen, /^\/dev\/null character special file 1:3 666 \d+:\d+\nworks$/);
});

t.test('anywhere in the rootfs, below directories that are missing', async (t) => {
  const list: Device[] = [
    { type: 'c', path: '/opt/new/deep/null', major: 1, minor: 3, fileMode: 0o604, uid: 3, gid: 4 },
    { type: 'p', path: '/srv//x/../pipe', fileMode: 0o640 },
    { type: 'b', path: '/dev/mapper/x', major: 253, minor: 300, fileMode: 0o660, gid: 6 },
    { type: 'c', path: '/dev/big', major: 4095, minor: 1048575 },
  ];
  const seen = inside(devices(...list), stat('/opt/new/deep/null', '/srv/pipe', '/dev/mapper/x', '/dev/big'));
  t.same(seen.split('\n'), [
    '/opt/new/deep/null character special file 1:3 604 3:4',
    '/srv/pipe fifo 0:0 640 0:0',
    '/dev/mapper/x block special file fd:12c 660 0:6',
    '/dev/big character special file fff:fffff 666 0:0',
  ]);
});

// runc takes any other one for it.
t.test('a node that is there already', only('trunc'), async (t) => {
  const own: Device = { type: 'c', path: '/srv/null', major: 1, minor: 3, fileMode: 0o600 };
  const bundleWith = (node: string) => {
    const bundle = makeBundle((config) => {
      config.process.args = ['/bin/stat', '-c', '%F %t:%T %a', '/srv/null'];
      config.linux.devices = [own];
    });
    mkdirSync(join(bundle, 'rootfs/srv'));
    execFileSync('sh', ['-ec', `cd ${bundle}/rootfs/srv; ${node}`]);
    return bundle;
  };
  const run = (node: string) => attempt(same, [], { bundle: bundleWith(node) });
  t.equal(run('mknod -m 644 null c 1 3').stdout, 'character special file 1:3 644\n', 'the same');
  const nodes = [
    'mknod null c 1 5',
    'mknod null b 1 3',
    'mkfifo null',
    'echo x > null',
    'ln -s /tmp/x null',
    'mkdir null',
  ];
  for (const node of nodes) {
    refused(t, run(node), /linux\.devices\[0\]: \/srv\/null: another file is in its place/, node);
  }
});

// runc does not name the field.
t.test('a rootfs is used again', only('trunc'), async (t) => {
  const bundle = makeBundle((config) => {
    withUserNamespace(config, 0, 1000);
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    config.linux.devices = [{ type: 'c', path: '/srv/full', major: 1, minor: 7 }];
    config.process.args = ['/bin/stat', '-c', '%n %F %t:%T', '/dev/null', '/dev/tty'];
  });
  const expected = '/dev/null character special file 1:3\n/dev/tty character special file 5:0';
  refused(t, attempt(same, [], { bundle }), /linux\.devices\[0\]: \/srv\/full: the host has none to bind/);
  const config = readConfig(bundle);
  writeConfig(bundle, { ...config, linux: { ...config.linux, devices: [] } });
  t.equal(inside(same, [], { bundle }), expected);
  t.equal(inside(same, [], { bundle }), expected, 'over the empty files of the first time');
});

// runc 1.1.5 looks for the pipe on the host.
t.test('in a user namespace', only('trunc'), async (t) => {
  const mapped =
    (...list: Device[]): Change =>
    (config) => {
      withUserNamespace(config);
      config.linux.devices = list;
    };
  const full: Device = { type: 'c', path: '/dev/full', major: 1, minor: 7, fileMode: 0o600 };
  t.match(
    inside(mapped(full), stat('/dev/full')),
    /^\/dev\/full character special file 1:7 666 65534:65534$/,
  );
  const pipe: Device = { type: 'p', path: '/dev/pipe', fileMode: 0o620, uid: 7, gid: 8 };
  t.equal(inside(mapped(pipe), stat('/dev/pipe')), '/dev/pipe fifo 0:0 620 7:8');
  refused(
    t,
    attempt(mapped({ ...full, minor: 5 }), 'true'),
    /linux\.devices\[0\]: \/dev\/full: the host's own file of that name is not this device/,
  );
  refused(
    t,
    attempt(mapped({ ...full, path: '/dev/no/such' }), 'true'),
    /linux\.devices\[0\]: .*the host has none to bind/,
  );
});

// CVE-2026-41579: what is made below /dev must not be made on the host.
t.test('/dev of the image leads out of it', only('trunc'), async (t) => {
  const canary = join(temp, newId());
  mkdirSync(canary);
  writeFileSync(join(canary, 'ptmx'), "the host's\n");
  for (const withMount of [true, false]) {
    for (const target of [canary, `../../../../../../../../..${canary}`]) {
      const bundle = makeBundle((config) => {
        config.process.args = ['/bin/sh', '-c', 'readlink /dev/ptmx; stat -c %F /dev/null /dev/own'];
        config.linux.devices = [{ type: 'c', path: '/dev/own', major: 1, minor: 3 }];
        if (!withMount)
          config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      });
      rmdirSync(join(bundle, 'rootfs/dev'));
      symlinkSync(target, join(bundle, 'rootfs/dev'));
      t.equal(inside(same, [], { bundle }), 'pts/ptmx\ncharacter special file\ncharacter special file');
      t.same(readdirSync(canary), ['ptmx'], 'nothing was made, nothing removed');
      t.equal(readFileSync(join(canary, 'ptmx'), 'utf8'), "the host's\n");
    }
  }
});

t.test('without a /dev, and with that of the host', async (t) => {
  const without: Change = (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  };
  const bundle = makeBundle((config) => {
    without(config);
    config.process.args = ['/bin/sh', '-c', `${stat('/dev/null')}; readlink /dev/fd`];
  });
  t.equal(inside(same, [], { bundle }), '/dev/null character special file 1:3 666 0:0\n/proc/self/fd');
  const before = hostDevices();
  const host: Change = (config) => {
    without(config);
    config.mounts.push({ destination: '/dev', type: 'bind', source: '/dev', options: ['rbind'] });
    config.linux.devices = [];
  };
  t.ok(inside(host, 'ls /dev').split('\n').includes('null'));
  t.same(hostDevices(), before, 'where nothing is made');
});

// runc 1.1.5 removes the host's ptmx, which a devtmpfs always shows, and makes its own link.
t.test('the devtmpfs of the host', only('trunc'), async (t) => {
  const before = hostDevices();
  const host: Change = (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    config.mounts.push({ destination: '/dev', type: 'devtmpfs', source: 'devtmpfs' });
    config.linux.devices = [];
  };
  t.equal(inside(host, 'stat -c %F /dev/ptmx'), 'character special file');
  t.same(hostDevices(), before, 'nothing is made there');
});

t.test('/dev/ptmx of the image', async (t) => {
  const bundle = makeBundle((config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    config.process.args = ['/bin/readlink', '/dev/ptmx'];
  });
  execFileSync('mknod', [join(bundle, 'rootfs/dev/ptmx'), 'c', '5', '2']);
  t.equal(inside(same, [], { bundle }), 'pts/ptmx', "a node would be the host's");
});

t.test('a type that does not exist, or no number', only(['trunc', 'runc']), async (t) => {
  refused(t, attempt(devices({ type: 'x', path: '/dev/a', major: 1, minor: 3 }), 'true'), /x|type|device/);
});

t.test('nothing is left', nothingLeft);
