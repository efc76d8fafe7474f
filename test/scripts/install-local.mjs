/** Copies the executable, its manual pages and completions under a prefix: npm run install:local -- [PREFIX], by default /usr/local. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isOutdated } from './build.mjs';
import { at, replace, run, say, stop } from './project.mjs';

function copy(file, to) {
  mkdirSync(dirname(to), { recursive: true });
  replace(to, (path) => copyFileSync(at('dist', file), path));
}

/** In one piece, as the build has written it (docs/performance.md). */
function copyWhole(file, to) {
  writeFileSync(to, readFileSync(file));
  chmodSync(to, statSync(file).mode);
}

function install(prefix) {
  const library = join(prefix, 'lib/trunc');
  mkdirSync(library, { recursive: true });
  mkdirSync(join(prefix, 'bin'), { recursive: true });
  for (const file of ['koffi.node', 'trunc'])
    replace(join(library, file), (path) => copyWhole(at('dist', file), path));
  replace(join(prefix, 'bin/trunc'), (path) => symlinkSync('../lib/trunc/trunc', path));
  for (const page of readdirSync(at('dist/man'))) copy(`man/${page}`, join(prefix, 'share/man/man8', page));
  copy('completion.bash', join(prefix, 'share/bash-completion/completions/trunc'));
  copy('completion.zsh', join(prefix, 'share/zsh/site-functions/_trunc'));
}

if (isOutdated() && !run(process.execPath, [at('test/scripts/build.mjs')])) stop('the build failed');
const prefix = resolve(process.argv[2] ?? '/usr/local');
try {
  install(prefix);
} catch (error) {
  stop(`install into ${prefix}: ${error.message}`);
}
say(`installed: ${join(prefix, 'bin/trunc')}`);
