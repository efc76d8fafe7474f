import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

suite('root');

const cwd =
  (path: string): Change =>
  (config) => {
    config.process.cwd = path;
  };

t.test('is where the program starts', async (t) => {
  t.equal(inside(cwd('/tmp'), 'pwd; readlink /proc/self/cwd'), '/tmp\n/tmp');
});

t.test('is made when missing', async (t) => {
  const bundle = makeBundle((config) => {
    config.process.cwd = '/a/b/c';
    config.process.args = ['/bin/pwd'];
  });
  t.equal(
    inside(() => {}, [], { bundle }),
    '/a/b/c',
  );
  t.equal(statSync(join(bundle, 'rootfs/a/b/c')).mode & 0o777, 0o755);
});

t.test('may be a directory that only the user can enter', async (t) => {
  const bundle = makeBundle((config) => {
    config.process.cwd = '/home/user';
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.capabilities = {};
    config.process.args = ['/bin/pwd'];
  });
  const home = join(bundle, 'rootfs/home/user');
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o700);
  chownSync(home, 1000, 1000);
  t.equal(
    inside(() => {}, [], { bundle }),
    '/home/user',
  );
});

t.test('cannot be a file', async (t) => {
  const bundle = makeBundle(cwd('/file'));
  writeFileSync(join(bundle, 'rootfs/file'), '');
  refused(
    t,
    attempt(() => {}, [], { bundle }),
    /not a directory|cwd/,
  );
});

t.test('must be absolute, and there', async (t) => {
  if (runtime.kind === 'crun') return; // takes it
  refused(t, attempt(cwd('tmp'), 'true'), /cwd/i, 'relative');
  refused(t, attempt(cwd(''), 'true'), /cwd/i, 'empty');
});

t.test('nothing is left', nothingLeft);
