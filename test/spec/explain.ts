import t from 'tap';
import { child, explain, show, summarize } from '../../src/spec/explain.ts';
import { validate } from '../../src/spec/generated/validate-config.js';
import { minimal } from '../fixtures/good-configs.ts';

function problems(document: unknown) {
  t.notOk(validate(document));
  return explain(validate.errors ?? [], document).map(({ field, message }) => `${field}: ${message}`);
}

t.test('what is allowed and what was found', async (t) => {
  const process = {
    cwd: 5,
    terminal: null,
    args: {},
    user: { uid: 'root', umask: 1.5 },
    oomScoreAdj: 2000,
    rlimits: [{ type: 'X', soft: 0, hard: -1 }, {}],
  };
  const linux = { resources: { memory: { limit: '1g' }, hugepageLimits: [{ pageSize: '64kB', limit: 0 }] } };
  t.same(problems({ ...minimal, process, linux }), [
    'process.terminal: must be true or false, found null',
    'process.cwd: must be a string, found 5',
    'process.args: must be a list, found an object',
    'process.user.uid: must be an integer from 0 to 4294967294, found "root"',
    'process.user.umask: must be an integer from 0 to 511, found 1.5',
    `process.rlimits[0].type: must be one of ${
      'RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, ' +
      'RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, ' +
      'RLIMIT_SIGPENDING, RLIMIT_STACK'
    }, found "X"`,
    'process.rlimits[0].hard: must be an integer from 0 to 18446744073709551615, found -1',
    'process.rlimits[1].type: is missing',
    'process.rlimits[1].soft: is missing',
    'process.rlimits[1].hard: is missing',
    'process.oomScoreAdj: must be an integer from -1000 to 1000, found 2000',
    'linux.resources.memory.limit: must be an integer from -9223372036854775808 to 9223372036854775807, found "1g"',
    'linux.resources.hugepageLimits[0].pageSize: must be a size such as "64KB", "2MB" or "1GB", found "64kB"',
  ]);
});

t.test('names that need quotes', async (t) => {
  t.equal(child('', 'linux'), 'linux');
  t.equal(child('mounts', 3), 'mounts[3]');
  t.equal(child('annotations', 'a.b\n'), 'annotations["a.b\\n"]');
  const annotations = { 'a/b~c': 1, '0': 2 };
  t.same(problems({ ...minimal, annotations }), [
    'annotations.0: must be a string, found 2',
    'annotations["a/b~c"]: must be a string, found 1',
  ]);
});

t.test('values fit on a line', async (t) => {
  t.equal(show('a\nb'), '"a\\nb"');
  t.equal(show([1]), 'a list');
  t.ok(show('x'.repeat(5000)).length < 80);
});

t.test('the first five', async (t) => {
  const all = [1, 2, 3, 4, 5, 6, 7].map((number) => ({ field: `f${number}`, message: 'x' }));
  t.equal(summarize(all), 'f1: x; f2: x; f3: x; f4: x; f5: x; and 2 more');
  t.equal(summarize(all.slice(0, 5)), 'f1: x; f2: x; f3: x; f4: x; f5: x');
});
