import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { nothingLeft, run } from '../helpers/runtime.ts';
import { leftovers, newId } from '../helpers/sandbox.ts';

suite('root');

const TIMES = process.env.SOAK === '1' ? 500 : 20;

t.test(`run, ${TIMES} times`, { timeout: 600_000 }, async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/echo', 'hello'];
  });
  for (let i = 1; i <= TIMES; i += 1) {
    const { status, stdout, stderr } = run(['run', newId()], { bundle });
    t.same({ status, stdout, stderr }, { status: 0, stdout: 'hello\n', stderr: '' }, `number ${i}`);
  }
  t.same(leftovers(), []);
});

t.test('nothing is left', nothingLeft);
