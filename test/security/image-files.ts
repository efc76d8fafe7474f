// What a runtime opens of an image to find something out, as HOME: to open a device, a FIFO or a file of the kernel is to do
// something, with the runtime's privileges.
import { execFileSync, spawn } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { inside, nothingLeft } from '../helpers/runtime.ts';

suite('root');

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

t.test('nor a device, nor a file of the kernel', only('trunc'), async (t) => {
  const { bundle, passwd } = bundleWithout();
  for (const make of [
    () => execFileSync('mknod', [passwd, 'c', '1', '5']),
    () => symlinkSync('/proc/kmsg', passwd),
    () => symlinkSync('/dev/zero', passwd),
  ]) {
    make();
    t.equal(home(bundle), '/');
    rmSync(passwd);
  }
});

t.test('nothing is left', nothingLeft);
