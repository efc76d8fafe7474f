import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type TerminalModes, terminalModes } from '../../src/linux/tty.ts';
import { type Change, makeBundle, readConfig, writeConfig } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, background, nothingLeft, type RunOptions, runtime } from '../helpers/runtime.ts';
import { HANGS_MS, newId, slowness, temp, until } from '../helpers/sandbox.ts';
import { ON_TERMINAL, openScreen, type Screen } from '../helpers/terminal.ts';

suite('root');

// Of c_lflag, see termios(3).
const ISIG = 0x1;
const ICANON = 0x2;
const ECHO = 0x8;

interface Session {
  screen: Screen;
  child: ReturnType<typeof background>['child'];
  done: ReturnType<typeof background>['done'];
  /** Of the caller's terminal. */
  modes(): TerminalModes | undefined;
}

/** `run` in the foreground of a terminal. */
function session(t: Test, script: string, change: Change = () => {}, options: RunOptions = {}): Session {
  const bundle = makeBundle((config) => {
    config.process.terminal = true;
    config.process.args = ['/bin/sh', '-c', script];
    change(config);
  });
  const { screen, slave } = openScreen({ height: 40, width: 100 });
  t.teardown(() => {
    screen.master.close();
    slave.close();
  });
  const started = background(['run', newId()], {
    bundle,
    stdin: slave.number,
    wrapper: ON_TERMINAL,
    ...options,
  });
  return { screen, ...started, modes: () => terminalModes(slave.number) };
}

t.test("keys go in, output comes out, and the exit status is the program's", async (t) => {
  const { screen, done } = session(t, 'echo "rea""dy"; read line; echo "<$line>"; exit 7');
  screen.waitFor(/ready\n/);
  screen.type('some words\r');
  screen.waitFor(/some words\n<some words>\n/);
  t.equal((await done).status, 7);
});

t.test("the modes of the caller's terminal", async (t) => {
  const usual = () => {
    const { screen, slave } = openScreen();
    const modes = terminalModes(slave.number);
    slave.close();
    screen.master.close();
    return modes;
  };
  const check = async (status: number, script: string, end: (session: Session) => void): Promise<void> => {
    const now = session(t, script);
    now.screen.waitFor(/ready\n/);
    const local = now.modes()?.local ?? 0;
    t.equal(local & (ICANON | ECHO | ISIG), 0, 'every key goes inside');
    end(now);
    t.equal((await now.done).status, status);
    t.same(now.modes(), usual(), `are as before after: ${script}`);
  };
  await check(0, 'echo ready; read x', ({ screen }) => screen.type('x\r'));
  // At SIGINT runc 1.1 leaves its container, and says 0.
  const signals = ['HUP', 'TERM', 'QUIT', ...(runtime.kind === 'runc' ? [] : ['INT'])];
  for (const signal of signals)
    await check(9, `trap "exit 9" ${signal}; echo ready; while :; do sleep 0.1; done`, ({ child }) => {
      child.kill(`SIG${signal}` as NodeJS.Signals);
    });
  const failing = session(t, '', (config) => {
    config.process.args = ['/no/such/program'];
  });
  t.equal((await failing.done).status, 1);
  t.same(failing.modes(), usual(), 'are as before after a failure');
});

t.test('^C is for the program in the foreground inside', async (t) => {
  const { screen, done } = session(t, '', (config) => {
    config.process.args = ['/bin/sh'];
  });
  screen.type('sh -c "echo go\'\'ing; exec sleep 1000"\r');
  screen.waitFor(/going\n/);
  screen.type('\x03');
  screen.type('echo sta""tus $?\r');
  t.equal(screen.waitFor(/status (\d+)/)[1], '130');
  screen.type('exit 5\r');
  t.equal((await done).status, 5);
});

t.test('the size is that of the terminal', async (t) => {
  const script =
    'trap "stty size" WINCH; trap "exit 6" TERM; stty size; echo ready; while :; do sleep 0.1; done';
  const { screen, child, done } = session(t, script);
  // runc sets it a little later.
  screen.waitFor(runtime.kind === 'trunc' ? /40 100\nready\n/ : /ready\n/);
  screen.resize({ height: 50, width: 132 });
  screen.waitFor(/50 132\n/);
  child.kill('SIGTERM');
  t.equal((await done).status, 6);
});

t.test('some megabytes, to the last byte', async (t) => {
  const lines = 150_000;
  const { screen, done } = session(t, `seq ${lines}; exit 3`, () => {}, { timeout: 60_000 });
  const expected = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join('');
  let text = '';
  until(
    'the last line',
    () => {
      text = screen.text;
      return text.endsWith(`\n${lines}\n`);
    },
    60_000,
  );
  t.equal(text.length, expected.length);
  t.ok(text === expected, 'every line');
  t.equal((await done).status, 3);
});

t.test('the last lines of a program that ends are not lost', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { screen, done } = session(t, 'seq 300; exit 4');
    t.equal((await done).status, 4);
    t.match(screen.text, /\n299\n300\n$/);
  }
});

t.test('job control of the shell outside', async (t) => {
  const { screen, child, done } = session(t, 'echo ready; read x; echo "<$x>"');
  screen.waitFor(/ready\n/);
  const state = () => /^State:\t(\w)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  child.kill('SIGSTOP');
  until('it to be stopped', () => state() === 'T');
  child.kill('SIGCONT');
  screen.type('again\r');
  screen.waitFor(/<again>\n/);
  t.equal((await done).status, 0, 'it can be stopped and go on');
});

// Go catches the signals that would stop it.
t.test('in the background of a shell it is stopped, not mixed with it', only('trunc', 'bash'), async (t) => {
  const shell = 'export RUN="$*"; exec bash --norc --noprofile -i >&0 2>&0';
  const wrapper = ['setsid', '-c', '-w', 'sh', '-c', shell, 'sh'];
  const { screen, done } = session(t, 'echo "rea""dy"; read x; echo "<$x>"', () => {}, { wrapper });
  screen.type('PS1="pro""mpt "\r');
  screen.waitFor(/prompt /);
  screen.type('$RUN &\r');
  until('it to be stopped', () => {
    screen.type('jobs; echo che""cked\r');
    return /Stopped/.test(screen.waitFor(/checked\n/).input);
  });
  screen.type('fg\r');
  screen.waitFor(/ready\n/);
  screen.type('again\r');
  screen.waitFor(/<again>\n/);
  t.pass('it goes on in the foreground');
  screen.type('exit\r');
  await done;
});

/** `run` without any terminal around it: runc demands one. */
const options = (stdin: string | Buffer): RunOptions => ({ stdin });
const onTerminal: Change = (config) => {
  config.process.terminal = true;
};

// runc needs a terminal of the caller's.
t.test('stdin that is no terminal', only('trunc'), async (t) => {
  // The terminal shows what is typed when it is typed, before or between what cat writes.
  t.match(
    attempt(onTerminal, 'tty; cat; echo end', options('one\ntwo\n')),
    { status: 0, stdout: /\/dev\/pts\/0\n(.*\n)*one\n(.*\n)*two\nend\n$/ },
    'its end is the end of what is typed',
  );
  t.match(
    attempt(onTerminal, 'cat; echo end', options('one')).stdout,
    /one(one)?end\n$/,
    'in the middle of a line too',
  );
  t.match(attempt(onTerminal, 'cat; echo end', {}).stdout, /end\n$/, 'nothing at all');
  t.match(
    attempt(onTerminal, ['/bin/sh'], options('echo su$((1 + 1))m\n')),
    { status: 0, stdout: /\nsu2m/ },
    'a shell that reads key by key ends as well',
  );
  t.match(
    attempt(onTerminal, 'cat; sleep 1; cat; cat; echo end', options('one\n')).stdout,
    /one\nend\n$/,
    'everyone who reads gets to know',
  );
  const closed = attempt(onTerminal, 'cat; echo end', { wrapper: ['sh', '-c', 'exec "$@" <&-', 'sh'] });
  t.match(closed, { status: 0, stdout: /end\n$/ }, 'closed');
});

// runc needs a terminal of the caller's.
t.test('stdout that is no terminal', only('trunc'), async (t) => {
  const data = randomBytes(2_000_000);
  const bundle = makeBundle((config) => {
    onTerminal(config);
    config.process.args = ['/bin/cat', '/data'];
  });
  writeFileSync(join(bundle, 'rootfs/data'), data);
  const file = join(temp, newId());
  const wrapper = ['sh', '-c', `"$@" > ${file}`, 'sh'];
  t.equal(attempt(() => {}, [], { bundle, wrapper, timeout: 60_000 }).status, 0);
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  t.equal(sum(readFileSync(file)), sum(data), 'gets the very bytes');
  const config = readConfig(bundle);
  config.process.args = ['/bin/sh', '-c', 'stty size; seq 5'];
  Object.assign(config.process, { consoleSize: { height: 12, width: 34 } });
  writeConfig(bundle, config);
  t.equal(
    attempt(() => {}, [], { bundle }).stdout,
    '12 34\n1\n2\n3\n4\n5\n',
    'the size is then process.consoleSize',
  );
});

// runc needs a terminal of the caller's.
t.test('a reader who has had enough', only('trunc'), async (t) => {
  const wrapper = ['sh', '-c', '{ "$@"; echo $? >&2; } | head -n 1', 'sh'];
  const { stdout, stderr } = attempt(onTerminal, 'yes; echo status $? > /tmp/x', { wrapper });
  t.equal(stdout, 'y\n');
  t.equal(stderr, '0\n', 'the terminal hangs up, and the programs end');
});

// runc needs a terminal of the caller's.
t.test('a slow reader loses nothing', only('trunc'), async (t) => {
  const wrapper = ['sh', '-c', '"$@" | { sleep 1; cat; }', 'sh'];
  const { stdout } = attempt(onTerminal, 'seq 40000', { wrapper });
  t.equal(stdout, Array.from({ length: 40_000 }, (_, index) => `${index + 1}\n`).join(''));
});

// runc needs a terminal of the caller's.
t.test('a terminal that nobody has open for a while', only('trunc'), async (t) => {
  const script = 'exec 0<&- 1>&- 2>&-; sleep 0.3; echo back > /dev/console';
  t.match(attempt(onTerminal, script), { status: 0, stdout: 'back\n' });
});

t.test(
  'a process that is left, without a pid namespace, does not keep run from ending',
  only('trunc'),
  async (t) => {
    const shared: Change = (config) => {
      onTerminal(config);
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    };
    const started = Date.now();
    const { status, stdout } = attempt(shared, 'setsid sleep 1000 & echo done; exit 6');
    t.match({ status, stdout }, { status: 6, stdout: 'done\n' });
    t.ok(Date.now() - started < HANGS_MS * slowness);
  },
);

t.test('no descriptor of the runtime gets inside', async (t) => {
  const { screen, done } = session(t, 'ls -1 /proc/self/fd; echo end; read x');
  screen.waitFor(/^0\n1\n2\n3\nend\n/);
  t.pass('3 is the directory that ls reads');
  screen.type('\r');
  t.equal((await done).status, 0);
});

t.test('nothing is left', nothingLeft);
