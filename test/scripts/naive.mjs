/** Builds variants of the program that lack one property each, and sees that the tests of that property fail with them. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildExecutable, findBun } from './build.mjs';
import { VARIANTS } from './naive-variants.mjs';
import { at, project, runQuietly, say, stop } from './project.mjs';

/** Carries out the changes in a copy of the sources; each must find its place exactly once. */
function change(directory, changes) {
  for (const [file, before, after] of changes) {
    const path = join(directory, file);
    const parts = readFileSync(path, 'utf8').split(before);
    if (parts.length !== 2)
      stop(`${file}: ${JSON.stringify(before)} is there ${parts.length - 1} times, not once`);
    writeFileSync(path, parts.join(after));
  }
}

/** Builds the variant of one name, or of several together, in a new directory; returns the executable. */
export function buildVariant(directory, ...names) {
  const sources = join(directory, 'sources');
  mkdirSync(sources, { recursive: true });
  for (const name of ['src', 'schemas', 'package.json'])
    cpSync(at(name), join(sources, name), { recursive: true });
  symlinkSync(at('node_modules'), join(sources, 'node_modules'));
  const changes = names.flatMap((name) => VARIANTS[name].changes);
  change(sources, changes);
  const bun = findBun();
  if (changes.some(([file]) => file.startsWith('schemas/')))
    runQuietly(bun, ['schemas/compile.ts'], { cwd: sources });
  const executable = join(directory, 'trunc');
  buildExecutable(bun, executable, sources);
  copyFileSync(at('dist/koffi.node'), join(directory, 'koffi.node'));
  for (const name of names) if (VARIANTS[name].mode) chmodSync(executable, VARIANTS[name].mode);
  return executable;
}

/** The names of the tests of a file that fail with an executable. */
function failures(file, executable) {
  const env = { ...process.env, RUNTIME: executable };
  const args = ['run', '--reporter=tap', '--timeout=300', file];
  const { stdout } = spawnSync(at('node_modules/.bin/tap'), args, {
    cwd: project,
    env,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  return [...stdout.matchAll(/^ {4}not ok \d+ - (.*?)(?: # time=.*)?$/gm)].map(([, name]) => name);
}

/** An attack that is a race can lose it. */
const RACES = 3;

function tryVariant(name) {
  const directory = mkdtempSync(join(tmpdir(), 'trunc-naive-'));
  const count = { passed: 0, failed: 0 };
  try {
    const executable = buildVariant(directory, name);
    for (const [file, tests] of Object.entries(VARIANTS[name].tests)) {
      const failed = [];
      const sees = (test) => failed.some((text) => text.includes(test));
      for (let tries = 0; tries < RACES && !tests.every(sees); tries += 1)
        failed.push(...failures(file, executable));
      for (const test of tests) {
        const isSeen = sees(test);
        count[isSeen ? 'passed' : 'failed'] += 1;
        say(
          `${isSeen ? 'ok' : 'FAILED'} ${name}: ${file}: ${test || 'any'} ${isSeen ? 'sees it' : 'sees nothing'}`,
        );
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return count;
}

/** Tries all variants, or those of NAIVE, by their names with commas between them. */
export function tryVariants() {
  const names = process.env.NAIVE?.split(',') ?? Object.keys(VARIANTS);
  const total = { passed: 0, failed: 0 };
  for (const name of names) {
    if (!(name in VARIANTS)) stop(`${name}: no such variant; there are ${Object.keys(VARIANTS).join(', ')}`);
    say(`--- ${name}: ${VARIANTS[name].says}`);
    const { passed, failed } = tryVariant(name);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}
