import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, runtime } from '../helpers/runtime.ts';
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

t.test('more than there are', only(['trunc', 'runc']), async (t) => {
  const fds = files('three\n');
  const { status, stdout, stderr } = attempt(same, FDS, { fds, flags: ['--preserve-fds', '40'] });
  t.equal(status, 1);
  t.equal(stdout, '', 'the program does not run');
  t.match(stderr, /preserve-fds|fd/i);
  fds.forEach(closeSync);
});

t.test('is a number', only('trunc'), async (t) => {
  for (const bad of ['x', '-1', '1.5', '99999999999'])
    t.equal(attempt(same, 'true', { flags: [`--preserve-fds=${bad}`] }).status, 1, bad);
});

t.test('nothing is left', nothingLeft);
