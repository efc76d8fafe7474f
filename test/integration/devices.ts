import t from 'tap';
import { type Change, type Device, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

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
      config.linux.devices = [{ type: 'c', path: '/dev/fuse-like', major: 1, minor: 7 }];
      config.linux.devices = [];
    },
    `${stat('/dev/null')}; echo ok > /dev/null && echo works`,
  );
  t.match(seen, /^\/dev\/null character special file 1:3 666 \d+:\d+\nworks$/);
});

t.test('a type that does not exist, or no number', only(['trunc', 'runc']), async (t) => {
  refused(t, attempt(devices({ type: 'x', path: '/dev/a', major: 1, minor: 3 }), 'true'), /x|type|device/);
});

t.test('nothing is left', nothingLeft);
