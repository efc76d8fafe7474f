// What gets between a container's terminal and its caller: signals, and the end of the caller's own terminal.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { type Fd, setNonBlocking } from '../../src/linux/fd.ts';
import { O_RDWR, openPath } from '../../src/linux/path.ts';
import { trySyscall } from '../../src/linux/syscall.ts';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, nothingLeft } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';
import { ON_TERMINAL, openScreen } from '../helpers/terminal.ts';

suite('root');

const bundleOf = (...args: string[]) =>
  makeBundle((config) => {
    config.process.terminal = true;
    config.process.args = args;
  });

/** All that is there to be read now. */
function drain(reader: Fd): string {
  const bytes = Buffer.alloc(65536);
  let text = '';
  for (;;) {
    const count = trySyscall('read', reader.number, bytes, bytes.length);
    if (count <= 0) return text;
    text += bytes.toString('latin1', 0, count);
  }
}

// runc wants a terminal outside, too.
t.test('signals lose nothing of what a slow reader has not taken yet', only('trunc', 'mkfifo'), async (t) => {
  const expected = Array.from({ length: 16_000 }, (_, index) => `${index + 1}\n`).join('');
  const round = async () => {
    // More than a FIFO holds: the rest is still with the terminal when the program has ended.
    const bundle = bundleOf('/bin/seq', '16000');
    const fifo = join(temp, newId());
    execFileSync('mkfifo', [fifo]);
    using reader = openPath(fifo, O_RDWR);
    setNonBlocking(reader);
    const wrapper = ['sh', '-c', `exec "$@" > ${fifo}`, 'sh'];
    const { child, done } = background(['run', newId()], { bundle, wrapper, stdin: '' });
    for (let count = 0; count < 4000; count++) {
      child.kill(count % 2 === 0 ? 'SIGWINCH' : 'SIGCONT');
      if (count % 20 === 0) await pause(3);
    }
    let text = '';
    while (!(await Promise.race([done, pause(5, undefined)]))) text += drain(reader);
    text += drain(reader);
    t.equal((await done).status, 0);
    t.equal(text.length, expected.length);
    t.ok(text === expected, 'every line');
  };
  // Several at a time: it takes a busy machine.
  await Promise.all(Array.from({ length: 6 }, round));
});

t.test('a terminal that goes away', async (t) => {
  const log = join(temp, newId());
  const bundle = bundleOf('/bin/sh', '-c', 'trap "exit 9" HUP; echo ready; while :; do sleep 0.1; done');
  const { screen, slave } = openScreen();
  const options = { bundle, stdin: slave.number, wrapper: ON_TERMINAL, globals: ['--log', log] };
  const { done } = background(['run', newId()], options);
  screen.waitFor(/ready\n/);
  screen.master.close();
  slave.close();
  t.equal((await done).status, 9, 'the program ends as it likes');
  t.notOk(existsSync(log) && readFileSync(log, 'utf8').includes('level=error'), 'that is no error');
});

t.test('nothing is left', nothingLeft);
