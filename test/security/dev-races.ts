// Without a mount on /dev what is made there is made in the image: nodes, links, the terminal. /dev is exchanged meanwhile for a
// link that leads to a directory of the host, or to another one of the image. CVE-2026-41579 and crun's CVE-2026-47766 (nodes and
// links made, /dev/ptmx removed on the host), CVE-2025-52565 (the terminal). A link from the start: test/integration/devices.ts.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { again, Canary, exchange } from '../helpers/attack.ts';
import { type Change, makeBundle, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';
import { FdSocket } from '../helpers/terminal.ts';

suite('root', 'perl');

function attack(t: Test, change: Change, create: (bundle: string) => void): void {
  const canary = new Canary('ptmx');
  const bundle = makeBundle((config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    config.mounts.push({
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['newinstance'],
    });
    change(config);
  });
  const rootfs = join(bundle, 'rootfs');
  symlinkSync(`${'../'.repeat(16)}${canary.directory.slice(1)}`, join(rootfs, 'link'));
  const stop = exchange(t, join(rootfs, 'dev'), join(rootfs, 'link'));
  again(() => create(bundle));
  stop();
  canary.check(t);
}

const start = (bundle: string): void => void run(['run', newId()], { bundle });

// runc 1.1.5 removes the ptmx of the canary, and makes its links there.
t.test('nodes and links', only('trunc'), async (t) => {
  attack(t, () => {}, start);
});

// Not tried on another runtime: it is the host that would be hit.
t.test('bound nodes, in a user namespace', only('trunc'), async (t) => {
  attack(t, (config) => withUserNamespace(config), start);
});

// Not tried on another runtime: it is the host that would be hit.
t.test('the terminal', only('trunc'), async (t) => {
  attack(
    t,
    (config) => {
      config.process.terminal = true;
    },
    (bundle) => {
      using socket = new FdSocket();
      const id = newId();
      if (run(['create', '--console-socket', socket.path, id], { bundle }).status === 0)
        run(['delete', '--force', id]);
    },
  );
});

t.test('nothing is left', nothingLeft);
