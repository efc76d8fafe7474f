/**
 * What the protections of trunc cost: each on, and off. Seccomp is off in a configuration without a profile. The others cannot be
 * switched off in the program: it is built once more without them (test/scripts/naive.mjs), and all take turns.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildVariant } from '../scripts/naive.mjs';
import { at } from '../scripts/project.mjs';
import { Samples } from './rounds.mjs';
import { CGROUP, cgroupDirectories, makeBundle, temp, time } from './runtimes.mjs';

const TRUNC = { name: 'trunc' };
const COUNTED = 'counted';

function candidates() {
  const seccomp = JSON.parse(readFileSync(at('test/fixtures/docker-seccomp.json'), 'utf8'));
  const bundle = (name, linux) => makeBundle(name, ['/bin/true'], `${COUNTED}/${name}`, linux);
  const plain = bundle('security');
  const filtered = bundle('seccomp', { seccomp });
  const own = at('dist/trunc');
  const without = (...names) => buildVariant(join(temp, names[0].replaceAll(' ', '-')), ...names);
  return [
    { name: 'all but seccomp', command: own, bundle: plain },
    { name: 'without self-protection', command: without('own program'), bundle: plain },
    { name: 'without path safety', command: without('paths', 'volumes', 'image files'), bundle: plain },
    { name: "with Docker's seccomp profile", command: own, bundle: filtered },
    { name: 'the same, not in the cache', command: own, bundle: filtered, globals: ['--no-seccomp-cache'] },
  ].map((candidate, index) => ({
    globals: [],
    ...candidate,
    root: join(temp, `security-${index}`),
    id: `s${index}`,
  }));
}

const commandOf = ({ command, globals, root, bundle, id }) => [
  command,
  ['--root', root, ...globals, 'run', '--bundle', bundle, id],
];

const V1 = '/sys/fs/cgroup/cpuacct';

/** The cgroup in which all is counted, and the one of it in which commands run. */
function counters() {
  const [directory] = existsSync(V1)
    ? [join(V1, CGROUP, COUNTED)]
    : cgroupDirectories(`${CGROUP}/${COUNTED}`);
  mkdirSync(join(directory, 'command'), { recursive: true });
  return directory;
}

/** Milliseconds of processor time that a cgroup has had. */
function processorTime(directory) {
  const file = join(directory, 'cpuacct.usage');
  if (existsSync(file)) return Number(readFileSync(file, 'utf8')) / 1e6;
  const [, microseconds] = /^usage_usec (\d+)$/m.exec(readFileSync(join(directory, 'cpu.stat'), 'utf8'));
  return Number(microseconds) / 1e3;
}

/** Runs it in there, and returns what processor time it has taken with all that it has started. */
function count(directory, [command, args]) {
  const before = processorTime(directory);
  time('sh', ['-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', join(directory, 'command'), command, ...args]);
  return processorTime(directory) - before;
}

/** Wall-clock and processor time of `run`, for each of the candidates in turn. */
export function timeSecurity(rounds) {
  const all = candidates();
  const [wall, processor] = [new Samples(), new Samples()];
  const directory = counters();
  for (let round = -2; round < rounds; round += 1) {
    const first = Math.max(round, 0) % all.length;
    for (const candidate of [...all.slice(first), ...all.slice(0, first)]) {
      const line = commandOf(candidate);
      const [milliseconds, counted] = [time(...line), count(directory, line)];
      if (round < 0) continue;
      wall.add(candidate.name, TRUNC, milliseconds);
      processor.add(candidate.name, TRUNC, counted);
    }
  }
  rmdirSync(join(directory, 'command'));
  for (const made of cgroupDirectories(`${CGROUP}/${COUNTED}`)) if (existsSync(made)) rmdirSync(made);
  return { wall, processor };
}

/** A Markdown table: medians and minima of `run`, and by how much they differ from the first row. */
export function securityTable(title, summary) {
  const [{ trunc: base }] = Object.values(summary);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
  const rows = Object.entries(summary).map(([name, { trunc }]) => {
    const { median, min } = trunc;
    return line([
      name,
      median.toFixed(2),
      signed(median - base.median),
      min.toFixed(2),
      signed(min - base.min),
    ]);
  });
  return [line([title, 'median', '', 'minimum', '']), '|---|---:|---:|---:|---:|', ...rows].join('\n');
}
