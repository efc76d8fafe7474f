/** What is timed. In every round each command is run by every runtime in turn, so that all see the same machine. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stop } from '../scripts/project.mjs';
import { time, waitForEnd } from './runtimes.mjs';

const MANY = 1000;

export class Samples {
  /** What was timed → runtime → milliseconds. */
  all = new Map();

  add(what, runtime, milliseconds) {
    const row = this.all.get(what) ?? {};
    row[runtime.name] ??= [];
    row[runtime.name].push(milliseconds);
    this.all.set(what, row);
  }
}

/** A life of one container, whose parts are timed each and together. Waiting for the program is not counted. */
function timeCycle(runtime, samples) {
  const id = `${runtime.name}-cycle`;
  const create = runtime.create(runtime.short, id);
  const start = runtime.time('start', id);
  waitForEnd(runtime.pid());
  const remove = runtime.time('delete', id);
  samples.add('create', runtime, create);
  samples.add('start', runtime, start);
  samples.add('delete', runtime, remove);
  samples.add('create + start + delete', runtime, create + start + remove);
}

const longId = (runtime) => `${runtime.name}-long`;

/** As the first process of its pid namespace, the container ignores what it does not handle: it is killed again and again. */
const STEPS = [
  (runtime, samples) =>
    samples.add('run', runtime, runtime.time('run', '--bundle', runtime.short, `${runtime.name}-run`)),
  timeCycle,
  (runtime, samples) => samples.add('state', runtime, runtime.time('state', longId(runtime))),
  (runtime, samples) => samples.add('kill', runtime, runtime.time('kill', longId(runtime), 'TERM')),
  (runtime, samples) => samples.add('list, 1 container', runtime, runtime.time('list')),
];

/**
 * Makes a root of many containers without starting as many: the directory of a running one, copied under other IDs. All are
 * the same process to the runtime, which reads and checks each of them all the same.
 */
function multiply(runtime) {
  const root = `${runtime.root}-many`;
  const original = join(runtime.root, longId(runtime));
  mkdirSync(root, { mode: 0o700 });
  for (let index = 0; index < MANY; index += 1) {
    const id = `many-${index}`;
    cpSync(original, join(root, id), { recursive: true });
    for (const file of readdirSync(join(root, id))) {
      const path = join(root, id, file);
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace(`"id":"${longId(runtime)}"`, `"id":"${id}"`));
    }
  }
  const listed = runtime.output(['--root', root, 'list']).split('\n').length;
  if (listed < MANY) stop(`${runtime.name} lists ${listed} of ${MANY} containers`);
  return root;
}

function interleave(runtimes, rounds, step) {
  for (let round = 0; round < rounds; round += 1) {
    // Nobody is always the first after something else.
    const first = round % runtimes.length;
    for (const runtime of [...runtimes.slice(first), ...runtimes.slice(0, first)]) step(runtime, round);
  }
}

export function timeAll(runtimes, rounds) {
  const samples = new Samples();
  const baseline = { name: 'baseline' };
  for (const runtime of runtimes) runtime.time('run', '--detach', '--bundle', runtime.long, longId(runtime));
  const warmUp = new Samples();
  for (const step of STEPS) interleave(runtimes, 2, (runtime) => step(runtime, warmUp));
  for (let round = 0; round < rounds; round += 1) {
    samples.add('/bin/true, not in a container', baseline, time('/bin/true', []));
    for (const step of STEPS) interleave(runtimes, 1, (runtime) => step(runtime, samples));
  }
  for (const runtime of runtimes) runtime.many = multiply(runtime);
  interleave(runtimes, Math.ceil(rounds / 4), (runtime) =>
    samples.add(`list, ${MANY} containers`, runtime, time(runtime.command, ['--root', runtime.many, 'list'])),
  );
  for (const runtime of runtimes) runtime.time('delete', '--force', longId(runtime));
  return samples;
}
