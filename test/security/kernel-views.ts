// /proc and /sys are what every later check of them relies on: an image or a volume must not bring its own.
// CVE-2019-16884 (a volume over /proc hides the attributes that labels are written to), CVE-2019-19921, CVE-2023-27561,
// CVE-2023-28642 and youki's CVE-2025-54867 (symlinks in their place), CVE-2025-52881 and youki's CVE-2025-62596 (what is
// written there is led to another file). A symlink that is there from the start: test/integration/filesystems.ts.
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { again, exchange } from '../helpers/attack.ts';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, type Result, refused, run } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root', 'perl');

/** A directory with files of the names that the kernel's have. */
function fake(...names: string[]): string {
  const directory = join(temp, `fake-${newId()}`);
  for (const name of names) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), 'fake');
  }
  return directory;
}

for (const kind of ['proc', 'sys']) {
  // Not tried on another runtime: it is the host that would be hit.
  t.test(`a link that comes and goes in the place of /${kind}`, only('trunc'), async (t) => {
    const bundle = makeBundle((config) => {
      if (kind === 'proc') config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs');
      config.process.args = [
        '/bin/sh',
        '-c',
        `test -d /${kind} -a ! -L /${kind} && grep -c ' /${kind} ' /proc/self/mountinfo`,
      ];
      config.linux.maskedPaths = ['/proc/version'];
    });
    const rootfs = join(bundle, 'rootfs');
    mkdirSync(join(rootfs, 'elsewhere'));
    symlinkSync('/elsewhere', join(rootfs, 'link'));
    const stop = exchange(t, join(rootfs, kind), join(rootfs, 'link'));
    // Whether it is mounted is seen afterwards by the host: in the moment of mounting it was no link.
    const isRefused = ({ stderr }: Result) => /symlink|not a directory/.test(stderr);
    const results = again(() => run(['run', newId()], { bundle }), isRefused);
    stop();
    const refused = results.filter(isRefused).length;
    t.ok(refused > 0, `${refused} of ${results.length} were refused`);
    const mountedElsewhere = results.filter(({ stdout }) => /elsewhere/.test(stdout));
    t.same(mountedElsewhere, [], 'never mounted where the link leads');
  });
}

// Where files of a volume are in the place of the kernel's, sysctls and labels would be written to them. crun
// 1.8.1 starts such containers.
t.test('values for the kernel do not go to files of a volume', only('trunc'), async (t) => {
  const name = 'sys/kernel/shmmni';
  const volume = fake(name, 'self/attr/exec', 'thread-self/attr/exec', 'self/attr/apparmor/exec');
  const over =
    (destination: string, source: string): Change =>
    (config) => {
      config.linux.sysctl = { 'kernel.shmmni': '123' };
      config.mounts.push({ destination, source, options: ['bind', 'rw'] });
      config.mounts.push({ destination: '/real', type: 'proc', source: 'proc' });
    };
  const places: [string, string][] = [
    ['/proc', volume],
    ['/proc/sys', join(volume, 'sys')],
    ['/proc/sys/kernel', join(volume, 'sys/kernel')],
    ['/proc/sys/kernel/shmmni', join(volume, name)],
  ];
  for (const [destination, source] of places) {
    const result = attempt(over(destination, source), 'cat /real/sys/kernel/shmmni');
    refused(t, result, /mounts\[4\]/, destination);
    t.equal(readFileSync(join(volume, name), 'utf8'), 'fake', 'the file of the volume is untouched');
  }
});

// Not tried on another runtime: it is the host that would be hit.
t.test('the sysctl of an image that has no /proc at all', only('trunc'), async (t) => {
  const bundle = makeBundle((config) => {
    config.mounts = config.mounts.filter(({ type }) => type !== 'proc');
    config.linux.sysctl = { 'kernel.shmmni': '77' };
    config.mounts.push({ destination: '/real', type: 'proc', source: 'proc' });
    config.process.args = ['/bin/cat', '/real/sys/kernel/shmmni'];
  });
  const rootfs = join(bundle, 'rootfs');
  renameSync(join(rootfs, 'proc'), join(rootfs, 'old'));
  symlinkSync(fake('sys/kernel/shmmni'), join(rootfs, 'proc'));
  t.equal(
    inside(() => {}, [], { bundle }),
    '77',
  );
});

t.test('nothing is left', nothingLeft);
