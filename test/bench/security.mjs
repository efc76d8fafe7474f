/**
 * What the protections of trunc cost: each on, and off. Seccomp is off in a configuration without a profile. The others cannot be
 * switched off in the program: it is built once more without them (test/scripts/naive.mjs), and all take turns.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildVariant } from '../scripts/naive.mjs';
import { at } from '../scripts/project.mjs';
import { Samples } from './rounds.mjs';
import { makeBundle, temp, time } from './runtimes.mjs';

const TRUNC = { name: 'trunc' };

function candidates() {
  const seccomp = JSON.parse(readFileSync(at('test/fixtures/docker-seccomp.json'), 'utf8'));
  const bundle = (name, linux) => makeBundle(name, ['/bin/true'], name, linux);
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

const run = ({ command, globals, root, bundle, id }) =>
  time(command, ['--root', root, ...globals, 'run', '--bundle', bundle, id]);

/** Times of `run`, for each of the candidates in turn. */
export function timeSecurity(rounds) {
  const all = candidates();
  const samples = new Samples();
  for (let round = -2; round < rounds; round += 1) {
    const first = Math.max(round, 0) % all.length;
    for (const candidate of [...all.slice(first), ...all.slice(0, first)]) {
      const milliseconds = run(candidate);
      if (round >= 0) samples.add(candidate.name, TRUNC, milliseconds);
    }
  }
  return samples;
}

/** A Markdown table: medians and minima of `run`, and by how much they differ from the first row. */
export function securityTable(summary) {
  const [{ trunc: base }] = Object.values(summary);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
  const rows = Object.entries(summary).map(
    ([
      name,
      {
        trunc: { median, min },
      },
    ]) =>
      line([name, median.toFixed(2), signed(median - base.median), min.toFixed(2), signed(min - base.min)]),
  );
  return [line(['run, ms', 'median', '', 'minimum', '']), '|---|---:|---:|---:|---:|', ...rows].join('\n');
}
