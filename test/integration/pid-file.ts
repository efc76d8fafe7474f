import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, refused, run, state, succeed } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

t.test('holds the pid in digits, without a newline', async (t) => {
  const file = join(temp, 'pid');
  for (const attempt of ['first', 'and over an older file']) {
    const { id } = create(t, undefined, ['--pid-file', file]);
    t.equal(readFileSync(file, 'utf8'), String(state(id)?.pid), attempt);
    succeed(['delete', '--force', id]);
    t.ok(existsSync(file), 'delete leaves it to its owner');
  }
});

t.test('is relative to the working directory of the caller', only(['trunc', 'runc']), async (t) => {
  const cwd = join(temp, 'cwd');
  mkdirSync(cwd);
  const { id } = create(t, undefined, ['--pid-file', 'pid'], { cwd });
  t.equal(readFileSync(join(cwd, 'pid'), 'utf8'), String(state(id)?.pid));
  t.same(readdirSync(cwd), ['pid'], 'no temporary file beside it');
});

t.test('of run --detach', async (t) => {
  const file = join(temp, 'detached');
  const id = newId();
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sleep', '1000'];
  });
  succeed(['run', '--detach', '--pid-file', file, id], { bundle });
  t.equal(readFileSync(file, 'utf8'), String(state(id)?.pid));
  succeed(['delete', '--force', id]);
});

// crun writes the file in place.
t.test('appears by rename, complete', only(['trunc', 'runc']), async (t) => {
  const file = join(temp, 'atomic');
  writeFileSync(file, 'old');
  linkSync(file, `${file}.link`);
  create(t, undefined, ['--pid-file', file]);
  t.match(readFileSync(file, 'utf8'), /^\d+$/);
  t.equal(readFileSync(`${file}.link`, 'utf8'), 'old', 'the old file itself is not written');
  t.equal(statSync(file).mode & 0o022, 0, 'nobody else may write the new one');
});

t.test('that cannot be written fails the create, and nothing of the container is left', async (t) => {
  const id = newId();
  refused(
    t,
    run(['create', '--pid-file', join(temp, 'no/such/dir'), id], { bundle: makeBundle() }),
    /no such file/,
  );
  t.equal(state(id), undefined);
});

t.test('nothing is left', nothingLeft);
