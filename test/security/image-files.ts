// What a runtime opens of an image to find something out, as HOME: to open a device, a FIFO or a file of the kernel is to do
// something, with the runtime's privileges.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exchange } from '../helpers/attack.ts';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { inside, nothingLeft, run } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

suite('root', 'perl');

function bundleWithout(): { bundle: string; passwd: string } {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'echo $HOME'];
  });
  const passwd = join(bundle, 'rootfs/etc/passwd');
  rmSync(passwd);
  return { bundle, passwd };
}

const home = (bundle: string) => inside(() => {}, [], { bundle });

// As a device would notice it: somebody who writes to a FIFO waits until it is opened. runc 1.1.5 waits for one who writes.
t.test('a FIFO as /etc/passwd is not opened', only('trunc'), async (t) => {
  const { bundle, passwd } = bundleWithout();
  execFileSync('mkfifo', [passwd]);
  const writer = spawn('sh', ['-c', 'echo "root:x:0:0::/trap:" > "$0"', passwd], { stdio: 'ignore' });
  t.teardown(() => writer.kill('SIGKILL'));
  const ended = new Promise((resolve) => writer.on('exit', () => resolve('ended')));
  t.equal(home(bundle), '/');
  const later = new Promise((resolve) => setTimeout(() => resolve('waits'), 300));
  t.equal(await Promise.race([ended, later]), 'waits');
});

// runc 1.1.5 reads it.
t.test('nor a device, a file of the kernel, a directory, nor what has no end', only('trunc'), async (t) => {
  const { bundle, passwd } = bundleWithout();
  for (const make of [
    () => execFileSync('mknod', [passwd, 'c', '1', '5']),
    () => symlinkSync('/proc/kmsg', passwd),
    () => symlinkSync('/dev/zero', passwd),
    () => mkdirSync(passwd),
    // More than there is memory.
    () => execFileSync('truncate', ['-s', '1T', passwd]),
  ]) {
    make();
    t.equal(home(bundle), '/');
    rmSync(passwd, { recursive: true });
  }
});

// runc 1.1.5 copies the zeros of the device, without end, when it loses the race.
t.test('tmpcopyup copies no device as if it were a file', only('trunc'), async (t) => {
  const bundle = makeBundle((config) => {
    config.mounts.push({ destination: '/etc/x', type: 'tmpfs', source: 'x', options: ['tmpcopyup'] });
    config.process.args = [
      '/bin/sh',
      '-c',
      '[ ! -f /etc/x/a ] || cat /etc/x/a; [ ! -f /etc/x/b ] || cat /etc/x/b',
    ];
  });
  const directory = join(bundle, 'rootfs/etc/x');
  mkdirSync(directory);
  writeFileSync(join(directory, 'a'), 'file\n');
  execFileSync('mknod', [join(directory, 'b'), 'c', '1', '5']);
  const stop = exchange(t, join(directory, 'a'), join(directory, 'b'));
  const results = Array.from({ length: 20 }, () => run(['run', newId()], { bundle }));
  stop();
  const ran = results.filter(({ status }) => status === 0);
  t.comment(`${ran.length} of ${results.length} ran`);
  t.same(
    ran.filter(({ stdout }) => !/^(file\n)*$/.test(stdout)).map(({ stdout }) => stdout),
    [],
    'nothing of the device',
  );
});

t.test('nothing is left', nothingLeft);
