import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeRootfs, readConfig, writeConfig } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { nothingLeft, refused, run, runtime, succeed } from '../helpers/runtime.ts';
import { newId, tag, temp } from '../helpers/sandbox.ts';

suite('root');

function emptyDir(): string {
  const dir = join(temp, newId());
  mkdirSync(dir);
  return dir;
}

t.test('writes config.json into the working directory', async (t) => {
  const cwd = emptyDir();
  const { stdout, stderr } = succeed(['spec'], { cwd });
  t.equal(stdout + stderr, '');
  t.match(readConfig(cwd), {
    ociVersion: /^1\./,
    process: { terminal: true, args: ['sh'], cwd: '/', noNewPrivileges: true },
    root: { path: 'rootfs', readonly: true },
  });
  const before = readFileSync(join(cwd, 'config.json'));
  refused(t, run(['spec'], { cwd }), /exists/, 'a second time');
  t.same(readFileSync(join(cwd, 'config.json')), before, 'the file is left as it was');
});

t.test('what it writes can be run', async (t) => {
  const bundle = emptyDir();
  succeed(['spec'], { cwd: bundle });
  makeRootfs(join(bundle, 'rootfs'));
  const config = readConfig(bundle);
  config.process.terminal = false;
  config.process.args = ['sh', '-c', 'echo $TERM $(id -u) $$'];
  config.linux.cgroupsPath = `/${tag}/spec`;
  writeConfig(bundle, config);
  t.equal(succeed(['run', newId()], { bundle }).stdout, 'xterm 0 1\n');
});

t.test('--bundle', async (t) => {
  const bundle = emptyDir();
  succeed(['spec'], { bundle });
  t.match(readConfig(bundle), { process: {} });
  refused(t, run(['spec', '--bundle', join(temp, 'not/there')]), /no such file/, 'a missing directory');
});

t.test('--rootless', async (t) => {
  const cwd = emptyDir();
  succeed(['spec', '--rootless'], { cwd });
  const { linux } = readConfig(cwd);
  const types = linux.namespaces.map(({ type }) => type);
  t.ok(types.includes('user'));
  // crun maps root by itself.
  if (runtime.kind !== 'crun') t.match(linux.uidMappings, [{ containerID: 0, hostID: 0, size: 1 }]);
});

t.test('nothing is left', nothingLeft);
