import t from 'tap';
import { asRuntimeError, notSupported, oneLine, RuntimeError, within } from '../src/errors.ts';

t.test('context is put in front, and what the error knows stays', async (t) => {
  const inner = new RuntimeError('no such file', { errno: 'ENOENT', code: 'INNER' });
  const action = () => {
    throw inner;
  };
  t.throws(() => within('mounts[1]', action, { field: 'mounts[1]', code: 'OUTER' }), {
    message: 'mounts[1]: no such file',
    errno: 'ENOENT',
    code: 'INNER',
    field: 'mounts[1]',
    cause: inner,
  });
  t.equal(
    within('nothing', () => 5),
    5,
  );
});

t.test('errors of other kinds', async (t) => {
  const error = Object.assign(new Error('ENOENT: no such file, open x'), { code: 'ENOENT' });
  t.match(asRuntimeError(error), { message: 'no such file, open x', errno: 'ENOENT', exitCode: 1 });
  t.match(asRuntimeError('text'), { message: 'text', code: 'RUNTIME_ERROR' });
});

t.test('mistakes of the program are told as such, wherever they happen', async (t) => {
  const action = () => within('linux.x', () => (undefined as unknown as { a: { b: 1 } }).a.b);
  t.throws(action, { message: /^linux\.x: internal error: TypeError: /, code: 'INTERNAL' });
});

t.test('one line', async (t) => {
  t.equal(oneLine('a/\n\t\0b é'), 'a/\\n\\t\\u0000b é');
});

t.test('refusals', async (t) => {
  t.match(notSupported('hooks'), {
    message: 'not supported yet: hooks',
    code: 'NOT_SUPPORTED',
    field: 'hooks',
  });
});
