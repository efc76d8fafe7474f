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

t.test('names that were probably meant', async (t) => {
  const rlimits = [{ type: 'RLIMIT_NOFIL', soft: 0, hard: 0 }];
  const linux = { namespaces: [{ type: 'net' }], rootfsPropagation: 'Shared', seccomp: { defaultAction: 7 } };
  const found = problems({ ...minimal, process: { ...minimal.process, rlimits }, linux });
  t.match(
    found[0],
    /^process\.rlimits\[0\]\.type: must be one of .*, found "RLIMIT_NOFIL": did you mean RLIMIT_NOFILE\?$/,
  );
  t.match(found[1], /, found "net": did you mean network\?$/);
  t.match(found[2], /, found "Shared": did you mean shared\?$/);
  t.match(found[3], /, found 7$/);
});

t.test('one line of all of them, as long as it is not endless', async (t) => {
  const all = Array.from({ length: 500 }, (_, index) => ({ field: `f${index}`, message: 'x' }));
  t.same(summarize(all.slice(0, 3)), { text: 'f0: x; f1: x; f2: x', left: 0 });
  t.same(summarize([{ field: '', message: 'must be an object' }]), { text: 'must be an object', left: 0 });
  const { text, left } = summarize(all);
  t.ok(text.length < 4100 && left > 0);
  t.ok(text.endsWith(`; f${499 - left}: x; and ${left} more`));
  const long = [{ field: 'f', message: 'x'.repeat(9000) }];
  t.equal(summarize(long).left, 0, 'at least one');
});

t.test('names and values are cut', async (t) => {
  t.ok(child('linux.sysctl', 'a.'.repeat(5000)).length < 100);
  t.ok(child('', 'a'.repeat(5000)).length < 100);
});
