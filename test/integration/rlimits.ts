import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Change } from '../helpers/bundle.ts';
import { makeBundle, readConfig } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, isOldRunc, nothingLeft, refused } from '../helpers/runtime.ts';

suite('root');

/** Type → row of /proc/PID/limits and the values asked for. */
const LIMITS: Record<string, [string, number, number]> = {
  AS: ['Max address space', 500_000_000, 600_000_000],
  CORE: ['Max core file size', 0, 0],
  CPU: ['Max cpu time', 100, 200],
  DATA: ['Max data size', 300_000_000, 400_000_000],
  FSIZE: ['Max file size', 1_000_000, 2_000_000],
  LOCKS: ['Max file locks', 11, 12],
  MEMLOCK: ['Max locked memory', 65_536, 131_072],
  MSGQUEUE: ['Max msgqueue size', 1000, 2000],
  NICE: ['Max nice priority', 0, 0],
  NOFILE: ['Max open files', 77, 88],
  NPROC: ['Max processes', 1000, 1001],
  RSS: ['Max resident set', 1_000_000, 1_000_000],
  RTPRIO: ['Max realtime priority', 0, 0],
  RTTIME: ['Max realtime timeout', 100, 100],
  SIGPENDING: ['Max pending signals', 500, 600],
  STACK: ['Max stack size', 1_048_576, 2_097_152],
};

const rlimits =
  (...list: [string, number, number][]): Change =>
  (config) => {
    config.process.rlimits = list.map(([type, soft, hard]) => ({ type: `RLIMIT_${type}`, soft, hard }));
  };

t.test('every limit', async (t) => {
  const all = Object.entries(LIMITS).map(([type, [, soft, hard]]): [string, number, number] => [
    type,
    soft,
    hard,
  ]);
  const seen = inside(rlimits(...all), ['/bin/cat', '/proc/self/limits']);
  for (const [row, soft, hard] of Object.values(LIMITS))
    t.match(seen, new RegExp(`^${row} +${soft} +${hard} `, 'm'), row);
});

t.test('what is not set is as the caller has it', async (t) => {
  // Without exec: under Node.js the limit of the parent process is what is known of the caller's.
  const wrapper = [
    'sh',
    '-c',
    'ulimit -Sn 1024; ulimit -Hn 5000; ulimit -Sc 77; ulimit -Ss 4000; "$@"',
    'sh',
  ];
  const seen = inside(() => {}, 'ulimit -Hn; ulimit -Sc; ulimit -Ss; ulimit -Sn', { wrapper });
  // Go raises the soft limit of runc 1.1.5.
  t.equal(seen, `5000\n77\n4000\n${isOldRunc ? 5000 : 1024}`);
});

t.test('unlimited', async (t) => {
  // 2^64-1, which JSON.stringify cannot say.
  const infinity = { toJSON: () => 'INFINITY' } as unknown as number;
  const bundle = makeBundle((config) => {
    rlimits(['CORE', infinity, infinity])(config);
    config.process.args = ['/bin/grep', 'core', '/proc/self/limits'];
  });
  t.ok(readConfig(bundle));
  const file = `${bundle}/config.json`;
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"INFINITY"', '18446744073709551615'));
  t.match(
    inside(() => {}, [], { bundle }),
    /unlimited +unlimited/,
  );
});

t.test('soft above hard', async (t) => {
  refused(t, attempt(rlimits(['NOFILE', 20, 10]), 'true'), /rlimit|invalid argument/i);
});

t.test('an unknown type', async (t) => {
  refused(t, attempt(rlimits(['MOON', 1, 1]), 'true'), /RLIMIT_MOON|rlimit/);
});

// The others do not look.
t.test('the same type twice', only('trunc'), async (t) => {
  refused(t, attempt(rlimits(['NOFILE', 20, 20], ['NOFILE', 30, 30]), 'true'), /process\.rlimits/);
});

t.test('nothing is left', nothingLeft);
