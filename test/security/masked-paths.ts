// What an image brings as /dev/null must not be what masks a path, nor what the standard streams become.
// CVE-2025-31133 and youki's CVE-2025-62161 (bind mount of the image's /dev/null: of any file of the host, or nothing masked),
// crun's CVE-2026-88265 (the streams opened anew, and given away, through the link).

import { execFileSync } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { again, Canary, exchange } from '../helpers/attack.ts';
import { type Config, makeBundle } from '../helpers/bundle.ts';
import { inMounts } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, type Result, refused, run } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

suite('root', 'perl');

const SECRET = '/etc/secret';
/** Empty, and it takes what is written. */
const IS_MASKED = `wc -c < /proc/kallsyms; wc -c < ${SECRET}; stat -c %F ${SECRET}`;
const MASKED = '0\n0\ncharacter special file\n';

/** Without a mount on /dev: what is there is the image's. */
function hostile(config: Config): void {
  config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  config.linux.maskedPaths = ['/proc/kallsyms', SECRET];
  config.process.args = ['/bin/sh', '-c', IS_MASKED];
}

function bundleWith(prepare: (rootfs: string) => void, change = hostile): string {
  const bundle = makeBundle(change);
  const rootfs = join(bundle, 'rootfs');
  writeFileSync(join(rootfs, SECRET), 'secret');
  prepare(rootfs);
  return bundle;
}

// runc 1.1.5 masks with the file that an image has there, and so with what the image likes.
t.test('what an image has as /dev/null', only('trunc'), async (t) => {
  const canary = new Canary();
  const kinds: Record<string, (path: string, rootfs: string) => void> = {
    'a link to the host': (path) => symlinkSync(canary.file, path),
    'a link to a file of procfs': (path) => symlinkSync('/proc/sysrq-trigger', path),
    'a file': (path) => writeFileSync(path, 'x'),
    'a directory': (path) => mkdirSync(path),
    'another device': (path) => execFileSync('mknod', [path, 'c', '1', '5']),
  };
  for (const [name, make] of Object.entries(kinds)) {
    const bundle = bundleWith((rootfs) => make(join(rootfs, 'dev/null'), rootfs));
    const { status, stdout, stderr } = run(['run', newId()], { bundle });
    // Either it is an error that a device cannot be made, or everything is masked.
    if (status === 0) t.equal(stdout, MASKED, name);
    else t.match(stderr, /dev\/null/, name);
    canary.check(t);
  }
});

// In some rounds runc 1.1.5 masks nothing, and says nothing (CVE-2025-31133).
t.test('a /dev/null that comes and goes', only('trunc'), async (t) => {
  const canary = new Canary();
  const bundle = bundleWith((rootfs) => {
    execFileSync('mknod', ['-m', '666', join(rootfs, 'dev/null'), 'c', '1', '3']);
    symlinkSync('/proc/sysrq-trigger', join(rootfs, 'dev/link'));
  });
  const dev = join(bundle, 'rootfs/dev');
  exchange(t, join(dev, 'null'), join(dev, 'link'));
  const hasRun = ({ status }: Result) => status === 0;
  const results = again(() => run(['run', newId()], { bundle }), hasRun);
  const ran = results.filter(hasRun);
  t.ok(ran.length > 0, `${ran.length} of ${results.length} ran`);
  for (const { stdout } of ran) t.equal(stdout, MASKED);
  for (const { status, stderr } of results) if (status !== 0) t.match(stderr, /dev\/null/);
  canary.check(t);
});

// Not tried on another runtime: it is the host that would be hit.
t.test('a path that is to be masked comes and goes', only('trunc'), async (t) => {
  const canary = new Canary();
  const bundle = bundleWith((rootfs) => symlinkSync(canary.file, join(rootfs, 'etc/link')));
  const etc = join(bundle, 'rootfs/etc');
  exchange(t, join(etc, 'secret'), join(etc, 'link'));
  for (const { status, stderr } of again(() => run(['run', newId()], { bundle }))) {
    if (status !== 0) t.match(stderr, /linux\.maskedPaths|No such file/);
  }
  canary.check(t);
});

// Not tried on another runtime: it is the host that would be hit.
t.test('the standard streams do not follow the link of an image', only('trunc'), async (t) => {
  const canary = new Canary();
  chownSync(canary.file, 0, 0);
  const bundle = bundleWith(
    (rootfs) => symlinkSync(canary.file, join(rootfs, 'dev/null')),
    (config) => {
      hostile(config);
      config.linux.maskedPaths = [];
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.args = ['/bin/sh', '-c', 'echo written; echo written >&2'];
    },
  );
  const null_ = openSync('/dev/null', 'r+');
  const before = statSync('/dev/null');
  run(['run', newId()], { bundle, wrapper: ['sh', '-c', 'exec "$@" >/dev/null 2>/dev/null', 'sh'] });
  closeSync(null_);
  canary.check(t);
  t.equal(statSync(canary.file).uid, 0, 'nor is it given away');
  t.equal(statSync('/dev/null').uid, before.uid);
});

// Not tried on another runtime: it is the host that would be hit.
t.test('the standard streams, where /dev is a volume', only('trunc'), async (t) => {
  const look = 'head -c 99; stat -L -c "%F %u" /proc/self/fd/0';
  const make: Record<string, (path: string) => void> = {
    'a file': (path) => writeFileSync(path, 'trap\n', { mode: 0o666 }),
    'another device': (path) => execFileSync('mknod', ['-m', '666', path, 'c', '1', '9']),
    'a FIFO': (path) => execFileSync('mkfifo', ['-m', '666', path]),
    'a link': (path) => symlinkSync('zero', path),
    nothing: () => {},
    'the device': (path) => execFileSync('mknod', ['-m', '666', path, 'c', '1', '3']),
  };
  const { uid } = statSync('/dev/null');
  for (const [name, makeNull] of Object.entries(make)) {
    const bundle = makeBundle((config) => {
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      config.mounts.push({ destination: '/dev', type: 'bind', source: 'volume', options: ['rbind'] });
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.args = ['/bin/sh', '-c', look];
    });
    mkdirSync(join(bundle, 'volume'));
    makeNull(join(bundle, 'volume/null'));
    const { stdout, stderr } = run(['run', newId()], { bundle });
    t.equal(stdout, 'character special file 0\n', `${name}: ${stderr}`);
    t.equal(statSync('/dev/null').uid, uid, `${name}: the host's is not given away`);
  }
});

// runc takes that of the container.
t.test('what the host has as /dev/null is not taken for it either', only('trunc'), async (t) => {
  const canary = new Canary();
  const bundle = makeBundle((config) => {
    config.linux.maskedPaths = ['/proc/kallsyms'];
  });
  refused(
    t,
    run(['run', newId()], { bundle, wrapper: inMounts(`mount --bind ${canary.file} /dev/null`) }),
    /linux\.maskedPaths: the host's \/dev\/null is not the null device/,
  );
  canary.check(t);
});

// On a host whose mounts are shared, as systemd has them.
t.test('what is mounted on a masked path is not mounted on the null device of the host', async (t) => {
  const bundle = makeBundle((config) => {
    const caps = ['CAP_SYS_ADMIN'];
    config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
    config.linux.maskedPaths = ['/proc/kallsyms', '/proc/kallsyms', '/proc/interrupts'];
    config.process.args = ['/bin/sh', '-c', 'mount --bind /etc/passwd /proc/interrupts && echo mounted'];
  });
  const look = 'cat /proc/self/mountinfo | grep " /dev/null " || echo nothing';
  const wrapper = inMounts(`"$@"; ${look}`, 'shared');
  t.equal(run(['run', newId()], { bundle, wrapper }).stdout, 'mounted\nnothing\n');
});

// runc 1.1.5 looks for the paths in what has the name by then, does not find them, and says nothing.
t.test('the directory of a mount is renamed before paths in it are masked', only('trunc'), async (t) => {
  const look = `
    for dir in /proc /other; do
      count=$(wc -c <$dir/kallsyms) && [ "$count" -gt 0 ] && echo kallsyms
      echo x >$dir/sys/kernel/domainname && echo domainname
    done 2>/dev/null
    echo looked`;
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', look];
    config.linux.maskedPaths = ['/proc/kallsyms'];
    config.linux.readonlyPaths = ['/proc/sys'];
  });
  mkdirSync(join(bundle, 'rootfs/other'));
  const stop = exchange(t, join(bundle, 'rootfs/proc'), join(bundle, 'rootfs/other'));
  const hasRun = ({ status }: Result) => status === 0;
  const results = again(() => run(['run', newId()], { bundle }), hasRun);
  stop();
  const ran = results.filter(hasRun);
  t.comment(`${ran.length} of ${results.length} ran`);
  t.ok(ran.length > 0, 'containers run');
  t.same(
    ran.filter(({ stdout }) => stdout !== 'looked\n').map(({ stdout }) => stdout),
    [],
    'what is to be masked or read-only is',
  );
});

t.test('mounts that nothing more is done to take no descriptors', async (t) => {
  const count = 100;
  const bundle = makeBundle((config) => {
    for (let number = 0; number < count; number++)
      config.mounts.push({ destination: `/tmp/${number}`, type: 'tmpfs', source: 'x', options: ['size=4k'] });
    config.linux.maskedPaths = ['/tmp/7/x', '/proc/kallsyms'];
    config.process.args = ['/bin/sh', '-c', 'wc -c </proc/kallsyms'];
  });
  const { stdout, stderr } = run(['run', newId()], {
    bundle,
    wrapper: ['sh', '-c', 'ulimit -n 80; exec "$@"', 'sh'],
  });
  t.equal(stdout, '0\n', stderr);
});

t.test('a path that is itself a mount', async (t) => {
  const canary = new Canary();
  const bundle = makeBundle((config) => {
    const bind = { type: 'bind', options: ['bind'] };
    config.mounts.push({ destination: '/tmp/file', source: canary.file, ...bind });
    config.mounts.push({ destination: '/tmp/dir', source: canary.directory, ...bind });
    config.mounts.push({ destination: '/tmp/ro', source: canary.directory, ...bind });
    config.linux.maskedPaths = ['/tmp/file', '/tmp//dir/', '/tmp/x/../ro/file'];
    config.linux.readonlyPaths = ['/tmp/ro'];
    config.process.args = [
      '/bin/sh',
      '-c',
      'wc -c </tmp/file; ls /tmp/dir; wc -c </tmp/ro/file; touch /tmp/ro/x',
    ];
  });
  mkdirSync(join(bundle, 'rootfs/tmp/x'));
  const { stdout, stderr } = run(['run', newId()], { bundle });
  t.equal(stdout, '0\n0\n');
  t.match(stderr, /Read-only file system/);
  canary.check(t);
});

t.test('nothing is left', nothingLeft);
