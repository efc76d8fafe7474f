import { mkdirSync } from 'node:fs';
import t from 'tap';
import { readConfig } from '../../src/container/bundle.ts';
import { RuntimeError } from '../../src/errors.ts';
import { complete } from '../fixtures/good-configs.ts';

function failure(action: () => unknown): RuntimeError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof RuntimeError) return thrown;
    throw thrown;
  }
  throw new Error('no error');
}

t.test('readConfig', async (t) => {
  const bundle = t.testdir({ 'config.json': JSON.stringify(complete) });
  t.same(readConfig(bundle).validate(), complete);
});

t.test('no file', async (t) => {
  const bundle = t.testdir();
  const error = failure(() => readConfig(bundle));
  t.equal(error.message, `cannot read ${bundle}/config.json: no such file or directory`);
  t.match(error, { code: 'CONFIG_UNREADABLE', errno: 'ENOENT', hint: /--bundle/ });
});

t.test('a directory in its place', async (t) => {
  const bundle = t.testdir();
  mkdirSync(`${bundle}/config.json`);
  const error = failure(() => readConfig(bundle));
  t.match(error, { errno: 'EISDIR' });
  t.match(error.message, /^cannot read .*\/config\.json: [^\n]*directory/);
});
