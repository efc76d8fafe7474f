import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Config, withoutNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

const same = () => {};

/** Open descriptors of files with the given contents. */
function files(...contents: string[]): number[] {
  return contents.map((content) => {
    const path = join(temp, newId());
    writeFileSync(path, content);
    return openSync(path, 'r');
  });
}

const FDS = 'for fd in 3 4 5 6; do test -e /proc/self/fd/$fd && { echo $fd; cat <&$fd; }; done; true';

t.test('without it nothing above 2 is passed on', async (t) => {
  const fds = files('three\n', 'four\n');
  t.equal(inside(same, FDS, { fds }), '');
  fds.forEach(closeSync);
});

t.test('--preserve-fds N passes 3 to 2+N', async (t) => {
  const fds = files('three\n', 'four\n', 'five\n');
  t.equal(inside(same, FDS, { fds, flags: ['--preserve-fds', '2'] }), '3\nthree\n4\nfour');
  fds.forEach(closeSync);
});

t.test('LISTEN_FDS', async (t) => {
  const fds = files('three\n', 'four\n');
  const env = { LISTEN_FDS: '1' };
  const wrapper = ['sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh'];
  t.equal(
    inside(same, `${FDS}; echo $LISTEN_FDS $LISTEN_PID`, { fds, env, wrapper }),
    `3\nthree\n1${runtime.kind === 'crun' ? '' : ' 1'}`,
  );
  t.equal(
    inside(same, FDS, { fds: files('three\n', 'four\n'), env, wrapper, flags: ['--preserve-fds=1'] }),
    '3\nthree\n4\nfour',
    'come first, then those of --preserve-fds',
  );
  fds.forEach(closeSync);
});

// crun does not look whom they are for.
t.test('LISTEN_FDS that were meant for another process', only(['trunc', 'runc']), async (t) => {
  const fds = files('three\n');
  for (const env of [{ LISTEN_FDS: '1' }, { LISTEN_FDS: '1', LISTEN_PID: '1' }] as Record<string, string>[])
    t.equal(inside(same, `${FDS}; echo "<$LISTEN_FDS>"`, { fds, env }), '<>', JSON.stringify(env));
  fds.forEach(closeSync);
});

t.test('LISTEN_PID is the pid of the program', only('trunc'), async (t) => {
  // runc says 1, whatever it is.
  const fds = files('three\n');
  const wrapper = ['sh', '-c', 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', 'sh'];
  const shared = (config: Config) => withoutNamespace(config, 'pid');
  t.equal(inside(shared, 'test "$LISTEN_PID" = $$ && echo same', { fds, wrapper }), 'same');
  fds.forEach(closeSync);
});

// runc 1.1.5 starts it all the same.
t.test('LISTEN_FDS that are not there', only('trunc'), async (t) => {
  const wrapper = ['sh', '-c', 'export LISTEN_FDS=2 LISTEN_PID=$$; exec "$@"', 'sh'];
  const fds = files('three\n');
  refused(t, attempt(same, 'true', { fds, wrapper }), /\$LISTEN_FDS: descriptor 4 is not open/);
  fds.forEach(closeSync);
});

// runc 1.3.6 leaves a directory.
t.test('more than there are', only('trunc'), async (t) => {
  const fds = files('three\n');
  const { status, stdout, stderr } = attempt(same, FDS, { fds, flags: ['--preserve-fds', '40'] });
  t.equal(status, 1);
  t.equal(stdout, '', 'the program does not run');
  t.match(stderr, /preserve-fds|fd/i);
  fds.forEach(closeSync);
});

// runc takes -1 for none.
t.test('is a number', only('trunc'), async (t) => {
  for (const bad of ['x', '-1', '1.5', '99999999999'])
    t.equal(attempt(same, 'true', { flags: [`--preserve-fds=${bad}`] }).status, 1, bad);
});

t.test('nothing is left', nothingLeft);
