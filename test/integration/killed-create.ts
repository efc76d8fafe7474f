// What a create that was killed leaves behind is its announcement; it may name things that never came to be its own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { withoutNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run, running, state, succeed } from '../helpers/runtime.ts';
import { newId, root } from '../helpers/sandbox.ts';

suite('root');

/** The announcement of a create that is dead, with the cgroup of another container. */
function announce(other: string, change: (text: string) => string): string {
  const id = newId();
  const record = JSON.parse(readFileSync(join(root, other, 'state.json'), 'utf8'));
  mkdirSync(join(root, id));
  const text = JSON.stringify({ ...record, id, init_process_start: 1 });
  writeFileSync(join(root, id, 'creating.json'), change(text));
  return id;
}

t.test('the cgroup of another container is left alone', only('trunc'), async (t) => {
  // Without a pid namespace delete would otherwise end every process of the cgroup.
  const { id: other } = running(t, (config) => withoutNamespace(config, 'pid'));
  const id = announce(other, (text) => text);
  t.equal(state(id)?.status, 'stopped');
  succeed(['delete', '--force', id]);
  t.equal(state(other)?.status, 'running');
});

// runc announces nothing.
t.test('an announcement that was cut off is none', only('trunc'), async (t) => {
  const { id: other } = running(t);
  const id = announce(other, (text) => text.slice(0, 300));
  t.equal(run(['state', id]).status, 1);
  succeed(['delete', '--force', id]);
  t.equal(state(other)?.status, 'running');
});

t.test('nothing is left', nothingLeft);
