import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, refused, run, running, state, succeed, waitFor } from '../helpers/runtime.ts';
import { sleep, until } from '../helpers/sandbox.ts';

suite('root');

const counter = 'while true; do echo x; sleep 0.01; done';

t.test('no progress while paused', async (t) => {
  const { id, output } = running(t, ({ process }) => {
    process.args = ['/bin/sh', '-c', counter];
  });
  until('it to write', () => output.stdout !== '');
  succeed(['pause', id]);
  t.equal(state(id)?.status, 'paused');
  const before = output.stdout.length;
  sleep(300);
  t.equal(output.stdout.length, before, 'nothing is written');
  succeed(['resume', id]);
  t.equal(state(id)?.status, 'running');
  t.ok(
    until('more', () => output.stdout.length > before),
    'and on it goes',
  );
});

t.test('a created container', only(['trunc', 'runc']), async (t) => {
  const { id } = create(t);
  succeed(['pause', id]);
  t.equal(state(id)?.status, 'paused');
  refused(t, run(['start', id]), /paused|cannot start/, 'cannot start');
  succeed(['resume', id]);
  t.equal(state(id)?.status, 'created');
  succeed(['start', id]);
});

// crun resumes what runs, and pauses what is paused.
t.test('what is refused', only(['trunc', 'runc']), async (t) => {
  const { id } = running(t);
  refused(t, run(['resume', id]), /container not paused/, 'running');
  succeed(['pause', id]);
  refused(t, run(['pause', id]), /container not running/, 'paused');
  succeed(['kill', id, 'KILL']);
  // runc leaves it frozen, where KILL does not end it.
  run(['resume', id]);
  waitFor(id, 'stopped');
  refused(t, run(['pause', id]), /container not running/, 'stopped');
  refused(t, run(['resume', id]), /container not paused/, 'stopped');
  refused(t, run(['pause', 'no-such-container']), /does not exist/, 'unknown');
});

t.test('a paused container can be deleted by force', async (t) => {
  const { id } = running(t);
  succeed(['pause', id]);
  succeed(['delete', '--force', id]);
  t.equal(state(id), undefined);
});

t.test('nothing is left', nothingLeft);
