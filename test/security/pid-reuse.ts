// A pid that a container had may be another process's by now: nothing of what is done to the container may be done to that.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run, running, state, succeed, waitFor } from '../helpers/runtime.ts';
import { root, until } from '../helpers/sandbox.ts';

suite('root');

// crun keeps other files.
t.test('a process that has the pid of a container that has ended', only(['trunc', 'runc']), async (t) => {
  const { id } = running(t);
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  const other = spawn('sleep', ['1000'], { stdio: 'ignore' });
  t.teardown(() => void other.kill('SIGKILL'));
  const pid = other.pid as number;
  const status = () => readFileSync(`/proc/${pid}/status`, 'utf8');
  until('sleep', () => status().startsWith('Name:\tsleep'));
  // As if the kernel had come round to that number.
  const file = join(root, id, 'state.json');
  const record = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...record, init_process_pid: pid }));

  t.equal(state(id)?.status, 'stopped');
  for (const command of [
    ['kill', id, 'KILL'],
    ['exec', id, 'true'],
    ['pause', id],
  ])
    t.not(run(command).status, 0, command.join(' '));
  t.equal(run(['delete', '--force', id]).status, 0);
  t.equal(state(id), undefined);
  t.match(status(), /State:\t[RS]/, 'the other process goes on');
});

t.test('nothing is left', nothingLeft);
