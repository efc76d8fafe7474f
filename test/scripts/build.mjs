/**
 * Builds dist/: `trunc`, the executable, with `koffi.node` beside it, `main.js`, the same program for Node.js, and `man/`.
 * Before that, the types and validators that are generated from schemas/. TRUNC_BUN=PATH chooses the Bun to
 * build with (such as @oven/bun-linux-x64-baseline's, for processors without AVX2).
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { keepNofileLimit } from './keep-nofile-limit.mjs';
import { at, changed, project, replace, runQuietly, say, stop } from './project.mjs';
import { installNpmPackages } from './setup.mjs';

const ARCHITECTURES = { x64: 'x64', arm64: 'aarch64' };
const EXECUTABLE = at('dist/trunc');

/** The Bun of this machine's npm package. */
export function findBun() {
  const { TRUNC_BUN: chosen } = process.env;
  const bun = chosen ?? at(`node_modules/@oven/bun-linux-${ARCHITECTURES[process.arch]}/bin/bun`);
  if (!existsSync(bun)) stop(`${bun} is missing; Bun for ${process.arch} is needed, or TRUNC_BUN=PATH`);
  return bun;
}

function newest(directory) {
  const files = readdirSync(at(directory), { recursive: true });
  return Math.max(...files.map((file) => changed(at(directory, file))));
}

/** Whether dist/ is missing or older than what it is made from. */
export function isOutdated() {
  const sources = ['src', 'schemas', 'test/scripts'].map(newest);
  const built = Math.min(...['trunc', 'main.js', 'koffi.node'].map((file) => changed(at('dist', file))));
  return built < Math.max(...sources, changed(at('package.json')), changed(at('package-lock.json')));
}

/** What git says of the last commit; undefined outside of a clone. */
function ofCommit(format) {
  const git = spawnSync('git', ['log', '-1', `--format=${format}`], { cwd: project, encoding: 'utf8' });
  return git.status === 0 ? git.stdout.trim() : undefined;
}

/** Literals for what src/engine.ts reads from the environment when it is not built. */
function definitions() {
  const { version, dependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const literals = {
    TRUNC_VERSION: version,
    TRUNC_COMMIT: ofCommit('%H') ?? 'unknown',
    TRUNC_KOFFI: dependencies.koffi,
  };
  return Object.entries(literals).map(
    ([name, value]) => `--define=process.env.${name}=${JSON.stringify(value)}`,
  );
}

const COMPILE =
  '--compile --bytecode --format=esm --minify --splitting --conditions=bundled --no-compile-autoload-dotenv --no-compile-autoload-bunfig ' +
  // No command runs long enough to gain from compiled code, which other threads would make meanwhile.
  '--compile-jit-policy=1000000';

/** The executable of the sources in a directory. */
export function buildExecutable(bun, file = EXECUTABLE, sources = project) {
  const main = join(sources, 'src/main.ts');
  // Of itself the bundler would have each load what others share with it, and in more files than one.
  for (const [source, name] of [
    ['init/main.ts', 'init'],
    ['cli/short.ts', 'short'],
  ]) {
    const files = [join(sources, 'src', source), `--outfile=${join(sources, `dist/${name}.js`)}`];
    runQuietly(bun, [
      'build',
      '--target=bun',
      '--format=esm',
      '--external=#commands',
      ...definitions(),
      ...files,
    ]);
  }
  replace(file, (path) => {
    runQuietly(bun, ['build', ...COMPILE.split(' '), ...definitions(), main, `--outfile=${path}`]);
    keepNofileLimit(path);
    // Not to be read by others: the kernel then has init traced by nobody in a user namespace that it joins.
    chmodSync(path, 0o711);
  });
}

function buildForNode(bun) {
  const file = at('dist/main.js');
  runQuietly(bun, [
    'build',
    '--target=node',
    '--format=esm',
    ...definitions(),
    'src/main.ts',
    `--outfile=${file}`,
  ]);
  const code = readFileSync(file, 'utf8').replace(/^#!.*\n/, '');
  writeFileSync(file, `#!/usr/bin/env node\n${code}`);
  chmodSync(file, 0o755);
}

/** Runs what was built: both say their version, and the executable's engine leaves its caller's limit alone. */
function verify() {
  for (const program of [EXECUTABLE, at('dist/main.js')])
    if (!runQuietly(program, ['--version']).includes('\ntrunc version '))
      stop(`${program} --version says no version`);
  const limits = "process.stdout.write(require('node:fs').readFileSync('/proc/self/limits', 'utf8'))";
  const env = { ...process.env, BUN_BE_BUN: '1' };
  const seen = runQuietly('sh', ['-c', 'ulimit -S -n 64; exec "$0" -e "$1"', EXECUTABLE, limits], { env });
  if (!/^Max open files +64 /m.test(seen)) stop(`${EXECUTABLE} changes the limit of open files`);
}

/** dist/man/*.8, and what makes shells complete command lines. */
function document(bun) {
  const today = new Date().toISOString().slice(0, 10);
  runQuietly(bun, ['test/scripts/man.ts', at('dist/man'), ofCommit('%cs') ?? today]);
  for (const shell of ['bash', 'zsh']) {
    const env = { ...process.env, SHELL: shell, ZSH_NAME: '' };
    writeFileSync(at(`dist/completion.${shell}`), runQuietly(EXECUTABLE, ['completion'], { env }));
  }
}

/** Types and validators in src/spec/generated/. */
function generate(bun) {
  runQuietly(bun, ['schemas/compile.ts']);
}

function build(bun) {
  const start = performance.now();
  mkdirSync(at('dist'), { recursive: true });
  generate(bun);
  const addon = at(`node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`);
  replace(at('dist/koffi.node'), (path) => copyFileSync(addon, path));
  buildExecutable(bun);
  buildForNode(bun);
  verify();
  document(bun);
  const sizes = ['trunc', 'koffi.node', 'main.js'].map((file) => {
    return `dist/${file} ${(statSync(at('dist', file)).size / 1e6).toFixed(1)} MB`;
  });
  say(`build: ${sizes.join(', ')} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

if (process.argv[1] === import.meta.filename) {
  installNpmPackages();
  if (process.argv[2] === 'generate') generate(findBun());
  else build(findBun());
}
