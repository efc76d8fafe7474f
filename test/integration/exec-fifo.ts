import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import {
  background,
  create,
  nothingLeft,
  refused,
  run,
  running,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { root, sleep, until } from '../helpers/sandbox.ts';

suite('root');

t.test('a created container waits at the fifo', async (t) => {
  const { id, pid } = create(t, (config) => {
    config.process.args = ['/bin/sleep', '1000'];
  });
  const fifo = join(root, id, 'exec.fifo');
  t.ok(statSync(fifo).isFIFO());
  const look = () => readFileSync(`/proc/${pid}/stat`, 'utf8');
  const used = () => look().split(' ')[13];
  const rests = () => {
    const before = used();
    sleep(200);
    return /^\d+ \(.*\) S /.test(look()) && used() === before;
  };
  t.ok(until('init to sleep', rests), 'init sleeps, and takes no processor time');
  t.match(readFileSync(`/proc/${pid}/comm`, 'utf8'), /init|crun/i, 'ps says what it is');

  succeed(['start', id]);
  until('the program', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  t.notOk(existsSync(fifo), 'start removes the fifo');
  t.equal(state(id)?.pid, pid, 'the program has the pid of init');
});

t.test('start of a container whose init is dead does not hang', async (t) => {
  const { id, pid } = create(t);
  process.kill(pid, 'SIGKILL');
  const dying = run(['start', id]);
  t.equal(dying.status, 1, 'while it dies');
  waitFor(id, 'stopped');
  refused(t, run(['start', id]), /cannot start a container that has stopped/, 'when it is gone');
  succeed(['delete', id]);
});

t.test('init that dies while start waits', async (t) => {
  const { id, pid } = create(t);
  process.kill(pid, 'SIGSTOP');
  const { done } = background(['start', id]);
  sleep(300);
  process.kill(pid, 'SIGKILL');
  // runc and crun may also take the fifo that opens and closes as a start.
  t.equal((await done).signal, null, 'it ends by itself');
  waitFor(id, 'stopped');
});

// With runc 1.3.6 the second one waits for ever.
t.test('a second start at the same time', only(['trunc', 'crun']), async (t) => {
  const { id } = create(t, (config) => {
    config.process.args = ['/bin/sleep', '1000'];
  });
  const results = await Promise.all([1, 2].map(() => background(['start', id]).done));
  t.same(results.map(({ status }) => status).sort(), [0, 1], 'one of them starts it, the other is refused');
  t.equal(state(id)?.status, 'running');
});

t.test('nobody else can open the fifo for reading', async (t) => {
  const { id } = create(t);
  t.equal(statSync(join(root, id, 'exec.fifo')).mode & 0o044, 0);
  t.equal(statSync(join(root, id)).mode & 0o022, 0);
  running(t);
});

t.test('nothing is left', nothingLeft);
