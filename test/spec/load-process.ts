import t from 'tap';
import { checkProcess, validateProcess } from '../../src/spec/load-process.ts';

const good = { args: ['sh'], cwd: '/', env: ['A=1'], user: { uid: 1, gid: 2 } };

t.equal(validateProcess(good), good);
t.throws(() => validateProcess({ ...good, cwd: 7, user: { uid: 'root', gid: 0 } }), {
  code: 'PROCESS_INVALID',
  message: /^process: .*cwd: must be .*found 7/,
});
t.throws(() => validateProcess({ ...good, cwd: 'x', args: [], env: ['A'] }), {
  code: 'PROCESS_INVALID',
  field: 'cwd',
  message:
    'process: cwd: must be an absolute path, found "x"; args: must not be empty; env[0]: must be NAME=value, found "A"',
});
t.throws(() => validateProcess({ cwd: '/' }), { message: /args: is missing/ });
t.throws(() => validateProcess({ ...good, scheduler: { policy: 'SCHED_FIFO' } }), {
  message: /process: scheduler\.priority: must be from 1 to 99/,
});
for (const document of [null, [], 'x'])
  t.throws(() => validateProcess(document), /^process: must be an object/);

t.doesNotThrow(() => checkProcess(good));
t.throws(() => checkProcess({ ...good, cwd: 'x' }), {
  field: 'process.cwd',
  message: /process\.cwd: must be/,
});
