// Another container, through a shared volume, exchanges a directory on the way to a mount's target for a symlink that leads
// to the host, while the runtime works on it. Whatever it is when it is looked at: nothing is made, opened or mounted outside.
// CVE-2021-30465 (the target checked as a string, then mounted on), CVE-2024-45310 (directories and files made on the host),
// CVE-2019-19921 (the volume's link in place of /proc), CVE-2019-18837 (crun: a link in the middle of a target).
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { again, Canary, exchange } from '../helpers/attack.ts';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, type Result, run } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root', 'perl');

/** Sixteen levels up is / from anywhere. */
const up = (path: string) => `${'../'.repeat(16)}${path.slice(1)}`;

interface Race {
  canary: Canary;
  bundle: string;
}

/** A bundle with a volume at /volume, in which `way` is a directory and, every other moment, a link to the canary. */
function race(t: Test, change: Change): Race {
  const canary = new Canary();
  const volume = join(temp, `volume-${newId()}`);
  mkdirSync(join(volume, 'way'), { recursive: true });
  symlinkSync(up(canary.directory), join(volume, 'link'));
  const bundle = makeBundle((config) => {
    config.process.args = [
      '/bin/sh',
      '-c',
      'cut -d" " -f4 /proc/self/mountinfo | grep -c canary; cat /volume/way/file /volume/way/*/file',
    ];
    config.mounts.push({ destination: '/volume', source: volume, options: ['bind'] });
    change(config);
  });
  exchange(t, join(volume, 'way'), join(volume, 'link'));
  return { canary, bundle };
}

function outcome({ status, stdout, stderr }: Result): string {
  if (/canary/.test(stdout)) return `the host is seen: ${stdout}`;
  if (/^[1-9]/.test(stdout)) return `the host is mounted: ${stdout}`;
  if (status === 0 || /^0/.test(stdout)) return 'ran';
  return /in the rootfs|openat2|symlink|directory/.test(stderr) ? 'refused' : stderr;
}

const CHANGES: Record<string, Change> = {
  'a filesystem on it': (config) => {
    config.mounts.push({ destination: '/volume/way', type: 'tmpfs', source: 'tmpfs' });
  },
  'a filesystem in a new directory below it': (config) => {
    config.mounts.push({ destination: '/volume/way/new/deep', type: 'tmpfs', source: 'tmpfs' });
  },
  'a directory bound in a new directory below it': (config) => {
    config.mounts.push({ destination: '/volume/way/a/b', source: '/etc', options: ['bind', 'ro'] });
  },
  'a file bound to a new file below it': (config) => {
    config.mounts.push({ destination: '/volume/way/made', source: '/etc/hostname', options: ['bind', 'ro'] });
  },
  'a device below it': (config) => {
    config.linux.devices = [{ type: 'c', path: '/volume/way/null', major: 1, minor: 3 }];
  },
  'a masked and a read-only path below it': (config) => {
    config.linux.maskedPaths = ['/volume/way/file', '/volume/way'];
    config.linux.readonlyPaths = ['/volume/way/file', '/volume/way'];
  },
  'the working directory below it': (config) => {
    config.process.cwd = '/volume/way/cwd/new';
  },
};

// runc 1.1.5 makes the device node in the canary, which is a directory of the host. The others take it longer than a second.
for (const [name, change] of Object.entries(CHANGES)) {
  t.test(name, only('trunc'), async (t) => {
    const { canary, bundle } = race(t, change);
    const outcomes = again(() => outcome(run(['run', newId()], { bundle })));
    const others = outcomes.filter((text) => text !== 'ran' && text !== 'refused');
    t.same(others, [], `${outcomes.length} rounds, ${outcomes.filter((text) => text === 'ran').length} ran`);
    canary.check(t);
  });
}

/** So that there is time enough between making a node and giving it away. */
const SLOWLY = 'strace -f -o /dev/null -e trace=fchownat -e inject=fchownat:delay_enter=100000'.split(' ');

// A device is made for a user of the volume, who puts a file of root in its place.
t.test('the owner of a device', only('trunc', 'strace'), async (t) => {
  const owners = again(() => {
    const volume = join(temp, `volume-${newId()}`);
    mkdirSync(volume);
    const at = (name: string) => join(volume, name);
    writeFileSync(at('file'), "root's");
    const bundle = makeBundle((config) => {
      config.mounts.push({ destination: '/volume', source: volume, options: ['bind'] });
      config.linux.devices = [{ type: 'c', path: '/volume/null', major: 1, minor: 3, uid: 1000, gid: 1000 }];
    });
    const stop = exchange(t, at('file'), at('null'));
    run(['run', newId()], { bundle, wrapper: SLOWLY });
    stop();
    const file = ['file', 'null'].map((name) => lstatSync(at(name))).find((status) => status.isFile());
    return file?.uid;
  });
  t.same(
    owners.filter((uid) => uid !== 0),
    [],
    `${owners.length} rounds`,
  );
});

t.test('nothing is left', nothingLeft);
