/** The disk that a machine gets: the project as far as the tests need it, mounted there where it is on the host. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBun } from '../scripts/build.mjs';
import { at, project, runQuietly } from '../scripts/project.mjs';
import { makeDisk } from './image.mjs';
import { JOB_SIZE } from './machine.mjs';

/**
 * Each test file as one JavaScript file without imports: Node.js loads tap's 500 modules six times faster that way, and
 * needs no TypeScript. CommonJS, because tap's modules import each other in circles, which Bun gets wrong in ESM.
 */
function bundle(files, directory) {
  const options = ['build', '--target=node', '--format=cjs', `--outdir=${directory}`];
  runQuietly(findBun(), [...options, `--root=${project}`, '--entry-naming=[dir]/[name].cjs', ...files]);
  // tap gets this one by a require that no bundler sees.
  const name = 'node_modules/react-element-to-jsx-string';
  const outfile = join(directory, name, 'index.js');
  runQuietly(findBun(), ['build', '--target=node', '--format=cjs', at(name), `--outfile=${outfile}`]);
}

/** What the tests read at run time. */
function copyProject(directory) {
  for (const file of ['trunc', 'koffi.node', 'main.js']) {
    mkdirSync(join(directory, 'dist'), { recursive: true });
    copyFileSync(at('dist', file), join(directory, 'dist', file));
  }
  // With koffi's native part where tests that make system calls themselves look for it.
  for (const name of ['package.json', 'schemas', 'test/fixtures', 'node_modules/@koromix/koffi-linux-x64'])
    cpSync(at(name), join(directory, name), { recursive: true });
  copyFileSync(process.execPath, join(directory, 'node'));
}

function write(directory, files, variables) {
  copyProject(directory);
  bundle(files, directory);
  const names = files.map((name) => name.replace(/\.ts$/, ''));
  writeFileSync(join(directory, 'files'), names.map((name) => `${name}\n`).join(''));
  copyFileSync(at('test/vm/guest/run-tests'), join(directory, 'run-tests'));
  const exported = Object.entries(variables).map(
    ([name, value]) => `export ${name}='${String(value).replaceAll("'", "'\\''")}'\n`,
  );
  writeFileSync(join(directory, 'run'), `#!/bin/bash\n${exported.join('')}exec ./run-tests\n`, {
    mode: 0o755,
  });
}

/** A disk that runs test files with these variables: a descriptor of a file that has no name any more. */
export function makeJob(files, variables) {
  const directory = mkdtempSync(join(tmpdir(), 'trunc-vm-job-'));
  try {
    mkdirSync(join(directory, 'files'));
    chmodSync(join(directory, 'files'), 0o755);
    write(join(directory, 'files'), files, variables);
    makeDisk(join(directory, 'disk'), JOB_SIZE, join(directory, 'files'));
    return openSync(join(directory, 'disk'), 'r');
  } finally {
    rmSync(directory, { recursive: true });
  }
}
