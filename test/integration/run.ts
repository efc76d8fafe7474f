import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle, withoutNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, background, inside, nothingLeft, run, state, succeed } from '../helpers/runtime.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};

t.test('the exit status is that of the program', async (t) => {
  for (const status of [0, 1, 7, 127, 255]) t.equal(attempt(same, `exit ${status}`).status, status);
  for (const [signal, number] of Object.entries({ TERM: 15, KILL: 9, SEGV: 11 })) {
    const result = attempt((config) => withoutNamespace(config, 'pid'), `kill -${signal} $$`);
    t.equal(result.status, 128 + number, `128 + ${signal}`);
  }
});

t.test('every version of the specification with the major 1', async (t) => {
  for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.2.1', '1.3.0', '1.99.0-rc.1+build']) {
    const seen = attempt((config) => {
      config.ociVersion = ociVersion;
    }, 'echo ran');
    t.match(seen, { status: 0, stdout: 'ran\n', stderr: '' }, ociVersion);
  }
});

t.test('stdout and stderr are apart and untouched', async (t) => {
  const { stdout, stderr } = attempt(same, 'echo out; echo err >&2');
  t.equal(stdout, 'out\n');
  t.equal(stderr, 'err\n');
});

t.test('binary data goes through', async (t) => {
  const data = randomBytes(3_000_000);
  const file = join(temp, 'data');
  writeFileSync(file, data);
  const expected = `${createHash('sha256').update(data).digest('hex')}  -`;
  t.equal(inside(same, 'sha256sum', { stdin: data }), expected, 'from a file');
  const wrapper = ['sh', '-c', `cat ${file} | "$@" | cat`, 'sh'];
  t.equal(inside(same, 'sha256sum', { wrapper }), expected, 'from a pipe');
  const through = ['sh', '-c', `cat ${file} | "$@" | sha256sum`, 'sh'];
  t.equal(inside(same, 'cat', { wrapper: through }), expected, 'to a pipe');
});

// runc gives its own pipe to the program.
t.test('a closed stdin', only('trunc'), async (t) => {
  const wrapper = ['sh', '-c', 'exec "$@" <&-', 'sh'];
  const seen = inside(same, 'readlink /proc/self/fd/0; wc -c 2>/dev/null || true', { wrapper });
  t.match(seen, /^(\/dev\/null\n0|)$/, 'is nothing, or closed; never a file of the runtime');
});

t.test('--detach returns while the container runs', async (t) => {
  const id = newId();
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'read line; echo got $line; exec sleep 1000'];
  });
  const result = succeed(['run', '--detach', id], { bundle, stdin: 'word\n' });
  t.equal(state(id)?.status, 'running');
  until('the output', () => result.stdout === 'got word\n');
  succeed(['delete', '--force', id]);
});

t.test('without --detach the container is gone in the end', async (t) => {
  const id = newId();
  t.equal(run(['run', id], { bundle: makeBundle() }).status, 0);
  t.equal(state(id), undefined);
});

// crun 1.8 does not have it.
t.test('--keep', only(['trunc', 'newer runc']), async (t) => {
  const id = newId();
  succeed(['run', '--keep', id], { bundle: makeBundle() });
  t.equal(state(id)?.status, 'stopped');
  succeed(['delete', id]);
});

t.test('signals are forwarded', async (t) => {
  const bundle = makeBundle((config) => {
    const traps = 'for s in HUP INT USR1 USR2; do trap "echo $s" $s; done; trap "exit 9" TERM';
    config.process.args = ['/bin/sh', '-c', `${traps}; echo up; while :; do sleep 0.02; done`];
  });
  const { child, done, output } = background(['run', newId()], { bundle });
  const lines = () => output.stdout.trimEnd().split('\n');
  until('the program', () => lines().includes('up'));
  for (const signal of ['HUP', 'INT', 'USR1', 'USR2'] as const) {
    child.kill(`SIG${signal}`);
    t.doesNotThrow(() => until(signal, () => lines().includes(signal)), signal);
  }
  child.kill('SIGTERM');
  t.equal((await done).status, 9, 'and the run ends with the program');
});

t.test('orphans of the container die with it', async (t) => {
  t.equal(inside(same, '(sleep 1000 &) ; echo done'), 'done');
});

t.test('nothing is left', nothingLeft);
