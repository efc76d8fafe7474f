import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle, withUserNamespace } from '../helpers/bundle.ts';
import { info } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { HANGS_MS, slowness } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};
const copied = (...options: string[]) => ({
  destination: '/copied',
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['tmpcopyup', ...options],
});

/** A bundle with a directory /copied as `fill` makes it, and a tmpfs over it. */
function bundleWith(
  fill: (dir: string) => void,
  script: string,
  options: string[] = [],
  change: Change = same,
) {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', script];
    config.mounts.push(copied(...options));
    change(config);
  });
  const dir = join(bundle, 'rootfs/copied');
  mkdirSync(dir);
  fill(dir);
  return { bundle, dir };
}
const shell = (dir: string, script: string) => execFileSync('sh', ['-ec', script], { cwd: dir });

t.test('files, directories and links with their modes', only(['trunc', 'runc']), async (t) => {
  const { bundle, dir } = bundleWith(
    (dir) => {
      mkdirSync(join(dir, 'sub/deep'), { recursive: true });
      writeFileSync(join(dir, 'sub/deep/file'), 'content\n');
      chmodSync(join(dir, 'sub/deep/file'), 0o4751);
      chmodSync(join(dir, 'sub'), 0o1750);
      symlinkSync('sub/deep/file', join(dir, 'link'));
      symlinkSync('/no/such', join(dir, 'dangling'));
      writeFileSync(join(dir, 'empty'), '');
    },
    `cd /copied; cat link; readlink link; readlink dangling; stat -c "%a %F" sub sub/deep/file empty; touch new; ${info('/copied')}`,
  );
  const seen = inside(same, [], { bundle }).split('\n');
  t.same(seen.slice(0, -1), [
    'content',
    'sub/deep/file',
    '/no/such',
    '1750 directory',
    '4751 regular file',
    '644 regular empty file',
  ]);
  t.match(seen.at(-1), / - tmpfs tmpfs rw/);
  t.equal(readFileSync(join(dir, 'sub/deep/file'), 'utf8'), 'content\n', 'the image is as it was');
  t.equal(shell(dir, 'ls').toString(), 'dangling\nempty\nlink\nsub\n', 'without what was made');
});

// runc 1.1.5 copies neither times nor hard links.
t.test('owners, times, hard links and attributes', only('trunc'), async (t) => {
  const { bundle } = bundleWith((dir) => {
    mkdirSync(join(dir, 'owned'));
    writeFileSync(join(dir, 'owned/a'), 'a');
    linkSync(join(dir, 'owned/a'), join(dir, 'b'));
    chownSync(join(dir, 'owned/a'), 5, 6);
    chownSync(join(dir, 'owned'), 7, 8);
    utimesSync(join(dir, 'b'), 1_000_000, 2_000_000);
    utimesSync(join(dir, 'owned'), 1_000_000, 3_000_000);
    chownSync(dir, 9, 10);
    chmodSync(dir, 0o750);
    symlinkSync('x', join(dir, 'link'));
    shell(dir, 'chown -h 11:12 link');
  }, 'cd /copied; stat -c "%u:%g %Y %h" b owned/a owned; stat -c "%u:%g" link; stat -c "%u:%g %a" .; [ $(stat -c %i b) = $(stat -c %i owned/a) ] && echo same');
  t.same(inside(same, [], { bundle }).split('\n'), [
    '5:6 2000000 2',
    '5:6 2000000 2',
    '7:8 3000000 2',
    '11:12',
    '9:10 750',
    'same',
  ]);
});

// runc 1.1.5 does not copy it.
t.test('an extended attribute', only('trunc', 'setcap'), async (t) => {
  const { bundle } = bundleWith(
    (dir) => {
      shell(dir, 'cp /bin/busybox .; setcap cap_net_raw+ep busybox');
    },
    'exec /copied/busybox grep CapPrm /proc/self/status',
    [],
    (config) => {
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = { bounding: ['CAP_NET_RAW'] };
    },
  );
  t.match(inside(same, [], { bundle }), /^CapPrm:\s0*2000$/);
});

// runc 1.1.5 fails.
t.test('nodes, fifos and sockets, none of which is opened', only('trunc'), async (t) => {
  const { bundle } = bundleWith((dir) => {
    shell(
      dir,
      `mkfifo -m 640 fifo; mknod -m 604 null c 1 3; mknod loop b 7 9
       node -e 'require("net").createServer().listen("socket", () => process.kill(process.pid, "SIGKILL"))' || true`,
    );
  }, 'cd /copied; stat -c "%n %F %a %t:%T" fifo null loop; stat -c %F socket; echo x > null');
  t.same(inside(same, [], { bundle }).split('\n'), [
    'fifo fifo 640 0:0',
    'null character special file 604 1:3',
    'loop block special file 644 7:9',
    'socket',
  ]);
});

t.test('links that lead out are copied, not followed', only(['trunc', 'runc']), async (t) => {
  const { bundle } = bundleWith((dir) => {
    symlinkSync('/', join(dir, 'root'));
    symlinkSync('../../../../../../../..', join(dir, 'up'));
    symlinkSync('.', join(dir, 'self'));
  }, 'cd /copied; for l in root up self; do readlink $l; done; find . | wc -l');
  t.same(inside(same, [], { bundle }).split('\n'), ['/', '../../../../../../../..', '.', '4']);
});

t.test('names that are no text', only(['trunc', 'runc']), async (t) => {
  const { bundle } = bundleWith((dir) => {
    shell(
      dir,
      `mkdir "$(printf 'd\\377')"; echo ok > "$(printf 'd\\377/f\\001\\n\\376')"; ln -s "$(printf '\\375')" l`,
    );
  }, 'cd /copied; cat */*; echo * | od -An -tx1; readlink l | od -An -tx1');
  t.same(inside(same, [], { bundle }).split('\n'), ['ok', ' 64 ff 20 6c 0a', ' fd 0a']);
});

// runc 1.1.5 writes the holes too, and has no room for them.
t.test('files with holes', only('trunc'), async (t) => {
  const { bundle } = bundleWith(
    (dir) => {
      writeFileSync(join(dir, 'sparse'), 'start');
      truncateSync(join(dir, 'sparse'), 2 ** 34);
      shell(dir, 'printf end >> sparse; truncate -s 8G hole');
    },
    'cd /copied; stat -c "%s" sparse hole; du -k sparse hole | cut -f1; tail -c 3 sparse; head -c 5 sparse',
    ['size=1m'],
  );
  const [size, hole, ...rest] = inside(same, [], { bundle }).split('\n');
  t.equal(size, String(2 ** 34 + 3));
  t.equal(hole, String(2 ** 33));
  t.same(rest, ['8', '0', 'endstart']);
});

// runc does not name the file.
t.test('more than there is room for', only('trunc'), async (t) => {
  const { bundle } = bundleWith(
    (dir) => writeFileSync(join(dir, 'big'), Buffer.alloc(300_000, 'x')),
    'true',
    ['size=128k'],
  );
  refused(
    t,
    attempt(same, [], { bundle }),
    /mounts\[4\]: mount tmpfs on \/copied: tmpcopyup: copy \.\/: big: .*no space left on device/,
  );
  const many = bundleWith((dir) => shell(dir, 'seq 100 | xargs touch'), 'true', ['nr_inodes=50']);
  refused(t, attempt(same, [], { bundle: many.bundle }), /no space left on device/);
});

t.test('a tree of many files, and a deep one', only(['trunc', 'runc']), async (t) => {
  const { bundle } = bundleWith((dir) => {
    shell(
      dir,
      'for d in $(seq 20); do mkdir $d; (cd $d; seq 100 | xargs touch); done; mkdir -p $(printf "deep/%.0s" $(seq 700))',
    );
  }, 'ulimit -n $(ulimit -Hn); cd /copied; find . | wc -l');
  const started = Date.now();
  t.equal(
    inside(same, [], { bundle, wrapper: ['sh', '-c', 'ulimit -Sn 64; exec "$@"', 'sh'] }),
    String(1 + 20 * 101 + 700),
  );
  t.ok(Date.now() - started < HANGS_MS * slowness);
});

// runc 1.1.5 copies that too.
t.test('what is mounted below it stays behind', only('trunc'), async (t) => {
  const { bundle } = bundleWith(
    (dir) => mkdirSync(join(dir, 'below')),
    'ls -A /copied /copied/below',
    [],
    (config) => {
      config.mounts.splice(4, 0, { destination: '/copied/below', type: 'proc', source: 'proc' });
    },
  );
  t.equal(inside(same, [], { bundle }), '/copied:\nbelow\n\n/copied/below:');
});

t.test('in a user namespace', only(['trunc', 'runc']), async (t) => {
  const { bundle } = bundleWith(
    (dir) => {
      writeFileSync(join(dir, 'own'), 'x');
      chownSync(join(dir, 'own'), 100_007, 100_008);
      writeFileSync(join(dir, 'foreign'), 'y');
      chownSync(join(dir, 'foreign'), 500_000, 500_000);
    },
    'cd /copied; stat -c "%n %u:%g" own foreign; cat own foreign',
    [],
    (config) => withUserNamespace(config),
  );
  const seen = inside(same, [], { bundle }).split('\n');
  t.equal(seen[0], 'own 7:8');
  t.match(seen[1], /^foreign (0:0|65534:65534)$/);
  t.equal(seen[2], 'xy');
});

t.test('read-only, or where nothing was', async (t) => {
  const { bundle } = bundleWith(
    (dir) => writeFileSync(join(dir, 'file'), 'copied\n'),
    'cat /copied/file; touch /copied/x || echo read-only',
    ['ro'],
  );
  if (runtime.kind === 'trunc') t.match(inside(same, [], { bundle }), /^copied\nread-only$/);
  const empty = makeBundle((config) => {
    config.process.args = ['/bin/ls', '-A', '/copied'];
    config.mounts.push(copied());
  });
  t.equal(inside(same, [], { bundle: empty }), '');
});

t.test('nothing is left', nothingLeft);
