import t from 'tap';
import { quote, runHooks } from '../src/hooks.ts';
import { stateDocument } from '../src/spec/state.ts';

const state = stateDocument('creating', { id: 'x', bundle: '/b', annotations: { a: 'b' }, pid: 7 });

t.test('output is quoted on one line', async (t) => {
  t.equal(quote(''), '');
  t.equal(quote('\n \n'), '');
  t.equal(quote('one\n  two\r\n\n'), ': one; two');
  t.equal(quote('a\u001b[31mb\u0000c\td'), ': a [31mb c d');
});

t.test('the listed order, until one fails', async (t) => {
  const sh = (script: string) => ({ path: '/bin/sh', args: ['sh', '-c', script] });
  const hooks = { prestart: [sh('exit 0'), sh('cat; exit 4'), sh('exit 5')] };
  t.throws(() => runHooks('prestart', hooks, { state, cwd: '/' }), {
    code: 'HOOK_FAILED',
    field: 'hooks.prestart[1]',
    message: `hooks.prestart[1]: /bin/sh: exit status 4: ${JSON.stringify(state)}`,
  });
  runHooks('poststart', hooks, { state, cwd: '/' });
});

t.test('without args the path is the first', async (t) => {
  const hooks = { prestart: [{ path: '/bin/false' }, { path: '/bin/false', args: [] }] };
  t.throws(() => runHooks('prestart', hooks, { state, cwd: '/' }), {
    message: /\[0\]: \/bin\/false: exit status 1$/,
  });
});

t.test('a time limit', async (t) => {
  const hooks = { prestart: [{ path: '/bin/sleep', args: ['sleep', '9'], timeout: 1 }] };
  t.throws(() => runHooks('prestart', hooks, { state, cwd: '/' }), {
    code: 'HOOK_TIMEOUT',
    message: 'hooks.prestart[0]: /bin/sleep: timed out after 1 s',
  });
});
