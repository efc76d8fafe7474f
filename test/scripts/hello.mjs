/** Runs bundles/hello: sets up, builds if anything is newer than dist/, makes the rootfs, and runs the container. */
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { isOutdated } from './build.mjs';
import { at, run, runQuietly, say, stop } from './project.mjs';
import { findProgram, installDebianPackages, installNpmPackages, requireRoot } from './setup.mjs';

const BUNDLE = 'bundles/hello';
const ROOTFS = at(BUNDLE, 'rootfs');

/** One static program, a link to it for each of its commands, and the bundle's own script. */
function makeRootfs() {
  rmSync(ROOTFS, { recursive: true, force: true });
  for (const directory of ['bin', 'dev', 'proc', 'sys', 'tmp'])
    mkdirSync(`${ROOTFS}/${directory}`, { recursive: true });
  const busybox = findProgram('busybox');
  copyFileSync(busybox, `${ROOTFS}/bin/busybox`);
  // busybox answers to the name that it is called by.
  const commands = runQuietly(busybox, ['--list']).trim().split('\n');
  for (const name of commands.filter((name) => name !== 'busybox'))
    symlinkSync('busybox', `${ROOTFS}/bin/${name}`);
  copyFileSync(at(BUNDLE, 'show'), `${ROOTFS}/bin/show`);
}

requireRoot('npm run hello');
installNpmPackages();
installDebianPackages(['busybox-static']);
if (isOutdated() && !run(process.execPath, [at('test/scripts/build.mjs')])) stop('the build failed');
makeRootfs();
const args = ['run', '--bundle', BUNDLE, `hello-${process.pid}`];
say(`hello: dist/trunc ${args.join(' ')}`);
if (!run(at('dist/trunc'), args)) stop('the container failed');
