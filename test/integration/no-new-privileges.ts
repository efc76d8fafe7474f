import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { inside, nothingLeft, run } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

suite('root');

t.test('noNewPrivileges', async (t) => {
  const seen = (noNewPrivileges?: boolean) =>
    inside((config) => {
      if (noNewPrivileges !== undefined) config.process.noNewPrivileges = noNewPrivileges;
    }, 'grep NoNewPrivs /proc/self/status | cut -f2');
  t.equal(seen(true), '1');
  t.equal(seen(false), '0');
  t.equal(seen(), '0');
});

t.test('a set-user-ID program gives nothing', async (t) => {
  const su = (noNewPrivileges: boolean) => {
    const bundle = makeBundle((config) => {
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = { bounding: ['CAP_SETUID', 'CAP_SETGID'] };
      // It looks whether it is root's before it does anything else.
      config.process.args = ['/suid/su', '-c', 'true'];
    });
    mkdirSync(join(bundle, 'rootfs/suid'));
    copyFileSync('/bin/busybox', join(bundle, 'rootfs/suid/su'));
    chmodSync(join(bundle, 'rootfs/suid/su'), 0o4755);
    return run(['run', newId()], { bundle }).stderr;
  };
  t.match(su(true), /must be suid to work properly/);
  t.notMatch(su(false), /must be suid to work properly/);
});

t.test('nothing is left', nothingLeft);
