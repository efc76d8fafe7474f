import t from 'tap';
import { type Change, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, nothingLeft, run, running, runtime, succeed } from '../helpers/runtime.ts';
import { FdSocket, ON_TERMINAL, openScreen, Screen } from '../helpers/terminal.ts';

suite('root');

t.test("in the foreground it is the caller's", async (t) => {
  const { id } = running(t);
  const { screen, slave } = openScreen({ height: 40, width: 100 });
  t.teardown(() => {
    screen.master.close();
    slave.close();
  });
  // runc sets the size while the program runs already.
  const wait =
    runtime.kind === 'trunc' ? '' : 'until [ "$(busybox stty size)" = "40 100" ]; do sleep 0.1; done; ';
  const script = `${wait}busybox stty size; busybox tty; echo "rea""dy"; read line; echo "<$line>"; exit 7`;
  const { done } = background(['exec', '-t', id, 'sh', '-c', script], {
    stdin: slave.number,
    wrapper: ON_TERMINAL,
  });
  screen.waitFor(/40 100\n\/dev\/pts\/\d+\nready\n/);
  screen.type('some words\r');
  screen.waitFor(/<some words>\n/);
  t.equal((await done).status, 7);
});

const kinds: Record<string, Change> = {
  '--console-socket': () => {},
  '--console-socket in a user namespace': (config) => withUserNamespace(config),
};
for (const [name, change] of Object.entries(kinds)) {
  t.test(name, async (t) => {
    const { id } = running(t, change);
    using socket = new FdSocket();
    const script = 'echo "<$(busybox tty)>"; id -u; read x; echo "got $x"';
    const started = background([
      'exec',
      '-t',
      '-d',
      '--user',
      '1000',
      '--console-socket',
      socket.path,
      id,
      'sh',
      '-c',
      script,
    ]);
    const { fd } = socket.receive();
    t.equal((await started.done).status, 0);
    const screen = new Screen(fd);
    screen.waitFor(/<\/dev\/pts\/\d+>\n1000\n/);
    screen.type('it\r');
    screen.waitFor(/got it\n/);
    fd.close();
  });
}

t.test('the console of the first program stays', async (t) => {
  const { id } = running(t);
  const seen = () =>
    succeed(['exec', id, 'sh', '-c', 'grep -c " /dev/console " /proc/self/mountinfo || true']).stdout;
  const before = seen();
  run(['exec', '-t', id, 'true'], { stdin: '' });
  t.equal(seen(), before);
});

t.test('--pidfd-socket', only(['trunc', 'newer runc']), async (t) => {
  const { id } = running(t);
  using socket = new FdSocket();
  const started = background(['exec', '--pidfd-socket', socket.path, id, 'sleep', '0.1']);
  const { fd, text } = socket.receive();
  t.equal(text, 'etns', 'setns, but for its first character');
  t.equal((await started.done).status, 0);
  fd.close();
});

t.test('nothing is left', nothingLeft);
