import t from 'tap';
import { requires, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

suite('root');

const SCORE = 'cat /proc/self/oom_score_adj';

t.test('is set', async (t) => {
  for (const score of [0, 500, 1000])
    t.equal(
      inside((config) => Object.assign(config.process, { oomScoreAdj: score }), SCORE),
      String(score),
    );
});

t.test('below that of the caller', requires('CAP_SYS_RESOURCE'), async (t) => {
  for (const score of [-1000, -17])
    t.equal(
      inside((config) => Object.assign(config.process, { oomScoreAdj: score }), SCORE),
      String(score),
    );
});

t.test('unset, it is that of the caller', async (t) => {
  const wrapper = ['sh', '-c', 'echo 321 > /proc/self/oom_score_adj; exec "$@"', 'sh'];
  t.equal(
    inside(() => {}, SCORE, { wrapper }),
    '321',
  );
});

t.test('out of range', async (t) => {
  if (runtime.kind === 'crun') return; // says so in a way of its own, or not at all
  const result = attempt((config) => Object.assign(config.process, { oomScoreAdj: 1001 }), 'true');
  refused(t, result, /oom.?score.?adj|invalid argument/i);
});

t.test('nothing is left', nothingLeft);
