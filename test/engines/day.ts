/** A day in a user's life: what is on the screen of a tmux terminal, with Docker. CAPTURES=FILE keeps the screens. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startDocker } from '../helpers/engine.ts';
import { call, enterLab, remains } from '../helpers/lab.ts';
import { sleep, temp, until } from '../helpers/sandbox.ts';

await enterLab('docker', 'dockerd', 'containerd', 'iptables', 'tmux');

const { docker, daemon } = startDocker();
const { CAPTURES } = process.env;

function tmux(...args: string[]): string {
  return call('tmux', ['-S', join(temp, 'tmux'), '-f', '/dev/null', ...args]).stdout;
}

/** What is on the screen, without the empty rest. */
function screen(): string {
  return tmux('capture-pane', '-p').trimEnd();
}

/** Types keys, as tmux names them, and a line's end; waits for what they bring. */
function type(t: Test, keys: string[], brings: RegExp, step: string): void {
  tmux('send-keys', ...keys);
  const seen = () => brings.test(screen());
  try {
    until(step, seen, 20_000);
  } finally {
    if (CAPTURES) appendFileSync(CAPTURES, `--- ${step}\n${screen()}\n`);
  }
  t.pass(step);
}

/** Docker's client tells the size a moment after the start, or the change. */
function waitForSize(size: string): void {
  until(`the size ${size}`, () => docker.exec('day', 'stty -F /dev/pts/0 size') === size, 20_000);
}

const start = ['new-session', '-d', '-x', '72', '-y', '20', 'env', 'PS1=host> ', 'ENV=', 'sh'];

t.test('a day', { timeout: 180_000 }, async (t) => {
  for (const [name, value] of Object.entries(docker.env)) process.env[name] = value;
  tmux(...start);
  t.teardown(() => tmux('kill-server'));
  until('a prompt', () => /^host> $/m.test(`${screen()} `));

  const run = "docker run -it --name day -h box -e 'PS1=box> ' bb";
  type(t, [run, 'Enter'], /^box>$/m, 'a shell in a container');
  waitForSize('20 72');
  type(t, ['tty; stty size', 'Enter'], /^\/dev\/pts\/0\n20 72$/m, 'it has the terminal, and its size');
  type(t, ['echo $((6 * 7)', 'C-h', '))', 'Enter'], /^42$/m, 'a line can be edited');
  tmux('send-keys', 'sleep 100', 'Enter');
  until('the program', () => /sleep 100/.test(docker.says('top', 'day')));
  type(t, ['C-c', ''], /\^C\s+box>$/m, 'Ctrl-C ends a program, not the shell');

  tmux('resize-window', '-x', '60', '-y', '24');
  waitForSize('24 60');
  type(t, ['clear', 'Enter'], /^box>$/, 'cleared');
  type(t, ['stty size', 'Enter'], /^24 60$/m, 'the window has another size');

  tmux('send-keys', 'C-p');
  sleep(200);
  type(t, ['C-q'], /read escape sequence\n?host>$|host>$/m, 'detached');
  t.equal(docker.inspect('day', 'State.Status'), 'running');

  type(t, ['clear', 'Enter'], /^host>$/, 'the host again');
  type(t, ['docker attach day', 'Enter'], /attach day$/m, 'attached');
  type(t, ['Enter', 'echo back', 'Enter'], /^back\nbox>$/m, 'the same shell goes on');

  tmux('split-window', 'env', 'PS1=host2> ', 'sh');
  until('a second prompt', () => /^host2>/m.test(screen()));
  const second = "docker exec -it -e 'PS1=second> ' day sh";
  type(t, [second, 'Enter'], /^second>$/m, 'a second shell');
  type(t, ['tty; ps -o pid,comm', 'Enter'], /^\/dev\/pts\/\d[\s\S]*1 sh[\s\S]*\d+ sh/m, 'beside the first');
  type(t, ['exit 5', 'Enter'], /^second> exit 5\nhost2>$/m, 'it ends');
  type(t, ['echo status=$?', 'Enter'], /^status=5$/m, 'with its status');
  type(t, ['clear; docker stop -t 1 day', 'Enter'], /^day\nhost2>$/m, 'stopped');

  tmux('select-pane', '-t', '0');
  tmux('send-keys', 'Enter');
  until('a prompt', () => /host>$/.test(screen()));
  const modes = "stty -a | grep -Eoc ' (icanon|echo)( |$)'";
  type(t, [modes, 'Enter'], /^[12]\nhost>$/m, 'the first terminal is as it was');
  type(
    t,
    ['clear; docker ps -a --format "{{.Names}}: {{.Status}}"', 'Enter'],
    /^day: Exited \(137\)/m,
    'over',
  );
  docker.remove('day');
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
