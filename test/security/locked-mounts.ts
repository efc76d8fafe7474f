// What the host hides below a mount, or lets nobody write to, must not come to light because the container has CAP_SYS_ADMIN in
// its user namespace: the kernel locks it, unless the mount comes from outside as a copy that was made there.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { withUserNamespace } from '../helpers/bundle.ts';
import { all, hostDir, inMounts, mount } from '../helpers/mounts.ts';
import { suite } from '../helpers/requires.ts';
import { attempt, nothingLeft } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

const ATTACK = `
  mount -o remount,bind,rw /dev/data && touch /dev/data/new && echo written
  mount -o remount,bind,ro,suid /dev/data && echo suid
  umount /dev/data/sub && cat /dev/data/sub/secret
  echo tried`;

/** A directory in which another one is hidden, and a place where it is shown read-only. */
function prepare(): { source: string; wrapper: string[] } {
  const source = hostDir();
  chmodSync(source, 0o777);
  mkdirSync(join(source, 'sub'));
  writeFileSync(join(source, 'sub/secret'), 'secret');
  const shown = join(temp, newId());
  mkdirSync(shown);
  const mounts = [
    `mount --bind ${source} ${shown}`,
    `mount -o remount,bind,ro,nosuid ${shown}`,
    `mount -t tmpfs x ${shown}/sub`,
  ];
  return { source: shown, wrapper: inMounts(mounts.join('; ')) };
}

t.test('a mount in a user namespace stays as the host has it', async (t) => {
  const { source, wrapper } = prepare();
  const change = all(
    (config) => withUserNamespace(config),
    mount({ destination: '/dev/data', type: 'bind', source, options: ['rbind'] }),
    (config) => {
      const caps = ['CAP_SYS_ADMIN'];
      config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
    },
  );
  const { stdout, stderr } = attempt(change, ATTACK, { wrapper });
  t.equal(stdout, 'tried\n', stderr);
});

t.test('nothing is left', nothingLeft);
