import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { poll } from '../../src/linux/poll.ts';
import { signalPidfd } from '../../src/linux/signal.ts';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, refused, run, state, succeed } from '../helpers/runtime.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';
import { FdSocket } from '../helpers/terminal.ts';

suite('root');

const sleeper = makeBundle((config) => {
  config.process.args = ['/bin/sleep', '1000'];
});

// runc has it since 1.2; crun an annotation instead.
t.test('create sends a pidfd of init', only(['trunc', 'newer runc']), async (t) => {
  using socket = new FdSocket();
  const { id, pid } = create(t, undefined, ['--pidfd-socket', socket.path], { bundle: sleeper });
  const { fd: pidfd, text } = socket.receive();
  t.equal(text, 'tandard', 'the text beside it is "standard", of which the first letter has been read');
  const info = readFileSync(`/proc/self/fdinfo/${pidfd.number}`, 'utf8');
  t.match(info, new RegExp(`^Pid:\t${pid}$`, 'm'));
  succeed(['start', id]);
  t.same(poll([pidfd.number], 0), [false], 'it lives');
  signalPidfd(pidfd, 9);
  until('its end', () => poll([pidfd.number], 100)[0]);
  pidfd.close();
  until('the state', () => state(id)?.status === 'stopped');
});

t.test('run too', only(['trunc', 'newer runc']), async (t) => {
  using socket = new FdSocket();
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['run', '--detach', '--pidfd-socket', socket.path, id], { bundle: sleeper });
  using pidfd = socket.receive().fd;
  signalPidfd(pidfd, 9);
  until('the state', () => state(id)?.status === 'stopped');
});

// runc has other words, and leaves a directory.
t.test('nobody there', only('trunc'), async (t) => {
  const file = join(temp, 'no-socket');
  writeFileSync(file, '');
  const attempt = (path: string) => run(['create', '--pidfd-socket', path, newId()], { bundle: sleeper });
  refused(t, attempt(join(temp, 'missing')), /--pidfd-socket: .*no such file/);
  refused(t, attempt(file), /--pidfd-socket: .*connection refused/);
});

// runc lets it pass, and init waits for ever.
t.test('its descriptor is not taken for one of --preserve-fds', only('trunc'), async (t) => {
  using socket = new FdSocket();
  const flags = ['--pidfd-socket', socket.path, '--preserve-fds', '1'];
  refused(t, run(['create', ...flags, newId()], { bundle: sleeper }), /--preserve-fds: descriptor 3/);
});

t.test('nothing is left', nothingLeft);
