import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { windowSize } from '../../src/linux/tty.ts';
import { type Change, makeBundle, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  type Container,
  create,
  inside,
  nothingLeft,
  refused,
  run,
  runtime,
  succeed,
} from '../helpers/runtime.ts';
import { newId, root, temp } from '../helpers/sandbox.ts';
import { FdSocket, Screen } from '../helpers/terminal.ts';

suite('root');

const withShell: Change = (config) => {
  config.process.terminal = true;
  config.process.args = ['/bin/sh'];
};

/** A started container with a terminal, and its other end. */
function withTerminal(t: Test, change: Change = () => {}): Container & { screen: Screen; name: string } {
  using socket = new FdSocket();
  const both: Change = (config) => {
    withShell(config);
    change(config);
  };
  const container = create(t, both, ['--console-socket', socket.path]);
  const { fd, text } = socket.receive();
  const screen = new Screen(fd);
  t.teardown(() => screen.master.close());
  succeed(['start', container.id]);
  return { ...container, screen, name: text };
}

/** What a command prints, in a container with a terminal. */
function seen(t: Test, command: string, change: Change = () => {}): string {
  const { screen } = withTerminal(t, (config) => {
    config.process.args = ['/bin/sh', '-c', command];
    change(config);
  });
  return screen.rest().toString().replaceAll('\r\n', '\n').trimEnd();
}

const LINKS = 'for fd in 0 1 2; do readlink /proc/self/fd/$fd; done';
const PTS = '/dev/pts/0\n/dev/pts/0\n/dev/pts/0';

t.test('the program has a terminal of the container', async (t) => {
  const { screen, name, pid } = withTerminal(t);
  t.match(name, /^dev\/.*ptmx$/, 'its name');
  screen.type(`tty; ${LINKS}; echo "x""y"\n`);
  t.match(screen.waitFor(/\/dev\/pts\/0\n.*xy\n/s)[0], `/dev/pts/0\n${PTS}\nxy`, 'stdin, stdout and stderr');
  t.same(
    readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) < 10),
    ['0', '1', '2'],
    'and nothing else; the shell itself uses numbers from 10 on',
  );
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const [, , group, session, terminal] = fields;
  t.not(session, '0', 'it leads a session of its own');
  t.equal(group, session);
  t.not(terminal, '0', 'whose terminal it is');
});

t.test('a shell has job control', async (t) => {
  const { screen } = withTerminal(t);
  t.notMatch(screen.waitFor(/# /).input, /can't access tty|job control turned off/);
  screen.type('sh -c "echo go\'\'ing; exec sleep 1000"\n');
  screen.waitFor(/going\n/);
  screen.type('\x03');
  screen.type('echo sta""tus $?\n');
  t.equal(screen.waitFor(/status (\d+)/)[1], '130', '^C ends the program in the foreground, not the shell');
  screen.type('sh -c "echo go\'\'ing; exec sleep 1000"\n');
  screen.waitFor(/going\n/);
  screen.type('\x1a');
  screen.waitFor(/Stopped/);
  t.pass('^Z stops it');
});

t.test('the size', async (t) => {
  const sized: Change = (config) => Object.assign(config.process, { consoleSize: { height: 31, width: 97 } });
  t.equal(seen(t, 'stty size', sized), '31 97', 'is there when the program starts');
  t.same(windowSize(withTerminal(t).screen.master.number), { height: 0, width: 0 }, 'is unknown otherwise');
  const { screen } = withTerminal(t, (config) => {
    config.process.args = [
      '/bin/sh',
      '-c',
      'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.1; done',
    ];
  });
  screen.waitFor(/ready\n/);
  screen.resize({ height: 50, width: 132 });
  screen.waitFor(/50 132\n/);
  t.pass('a change is seen inside');
});

t.test('without a terminal the size is ignored', async (t) => {
  const size = { height: 70_000, width: 0 };
  const change: Change = (config) => Object.assign(config.process, { consoleSize: size });
  t.equal(inside(change, 'test -t 0 || echo none'), 'none');
});

t.test('the modes are the usual ones', async (t) => {
  t.match(seen(t, 'stty -a'), /(?=.*\bonlcr\b)(?=.*\bicanon\b)(?=.*\bisig\b)/s);
});

t.test('/dev/console is the terminal', async (t) => {
  t.equal(
    seen(t, 'echo one > /dev/console; stat -c "%F %t:%T" /dev/console'),
    'one\ncharacter special file 88:0',
  );
  const withReadonlyRoot: Change = (config) => Object.assign(config.root, { readonly: true });
  t.equal(seen(t, 'echo two > /dev/console', withReadonlyRoot), 'two', 'with a read-only rootfs');
  const readonlyDev: Change = (config) => config.mounts[1]?.options?.push('ro');
  t.equal(seen(t, 'echo three > /dev/console', readonlyDev), 'three', 'with a read-only /dev');
  t.equal(seen(t, 'echo four > /dev/console', withUserNamespace), 'four', 'in a user namespace');
});

t.test('/dev/console of a config without a mount on /dev', async (t) => {
  // Nothing is left of the container on /dev/pts, which the image has.
  const bare: Change = (config) => {
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/dev');
  };
  t.equal(seen(t, 'echo one > /dev/console', bare), 'one');
});

t.test('it belongs to the user of the process', async (t) => {
  const asUser: Change = (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  };
  const command = 'tty; stat -c "%u %a" $(tty); stat -c %u /dev/console; echo x > /dev/stderr';
  t.equal(seen(t, command, asUser), '/dev/pts/0\n1000 620\n1000\nx');
  const mapped: Change = (config) => {
    asUser(config);
    withUserNamespace(config);
  };
  t.equal(seen(t, command, mapped), '/dev/pts/0\n1000 620\n1000\nx', 'in a user namespace');
});

t.test('run --detach', async (t) => {
  using socket = new FdSocket();
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['run', '--detach', '--console-socket', socket.path, id], { bundle: makeBundle(withShell) });
  const screen = new Screen(socket.receive().fd);
  screen.type('tty; exit\n');
  screen.waitFor(/\/dev\/pts\/0\n/);
  screen.rest();
  t.pass('it ends with its program');
  screen.master.close();
});

t.test('without a terminal the program leads a session too', async (t) => {
  const { pid } = create(t, (config) => {
    config.process.args = ['/bin/true'];
  });
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  t.equal(fields[3], String(pid));
});

t.test('what cannot work is refused before anything is made', async (t) => {
  using socket = new FdSocket();
  const bundle = makeBundle(withShell);
  const plain = makeBundle();
  const missing = join(temp, 'no-such-socket');
  const file = join(temp, 'no-socket');
  writeFileSync(file, '');
  const refuse = (args: string[], text: RegExp, from = bundle): void =>
    refused(t, run([...args, newId()], { bundle: from }), text, args.join(' '));
  refuse(['create'], /console.socket/);
  refuse(['run', '--detach'], /console.socket/);
  refuse(['create', '--console-socket', socket.path], /console.socket/, plain);
  refuse(['run', '--detach', '--console-socket', socket.path], /console.socket/, plain);
  refuse(['run', '--console-socket', socket.path], /console.socket/);
  refuse(['create', '--console-socket', missing], /no such file/);
  refuse(['create', '--console-socket', file], /connection refused/);
  if (runtime.kind === 'trunc') t.notOk(socket.isCalled, 'nobody was connected to in vain');
  t.same(existsSync(root) ? readdirSync(root) : [], []);
});

// runc gives it to the kernel, which takes 107 bytes.
t.test('a socket with a long path', only('trunc'), async (t) => {
  const directory = join(temp, 'x'.repeat(150));
  const bundle = makeBundle(withShell);
  using socket = new FdSocket();
  // The kernel takes no more than 107 bytes from whoever binds, but a link has any length.
  symlinkSync(socket.path, directory);
  const id = newId();
  succeed(['create', '--console-socket', directory, id], { bundle });
  t.match(socket.receive(), { text: /ptmx$/ });
  succeed(['delete', '--force', id]);
});

t.test('a caller who hangs up', async (t) => {
  const socket = new FdSocket();
  const id = newId();
  socket[Symbol.dispose]();
  refused(
    t,
    run(['create', '--console-socket', socket.path, id], { bundle: makeBundle(withShell) }),
    /refused/,
  );
});

t.test('without a devpts', async (t) => {
  using socket = new FdSocket();
  const bundle = makeBundle((config) => {
    withShell(config);
    config.mounts = config.mounts.filter(({ type }) => type !== 'devpts');
  });
  const result = run(['create', '--console-socket', socket.path, newId()], { bundle });
  t.equal(result.status, 1);
  if (runtime.kind === 'trunc') refused(t, result, /^trunc create failed: process\.terminal: .*devpts/);
});

t.test('without a mount namespace', only('trunc'), async (t) => {
  // The others mount on the host.
  const bundle = makeBundle((config) => {
    withShell(config);
    withoutNamespace(config, 'mount');
    config.mounts = [];
  });
  using socket = new FdSocket();
  const result = run(['create', '--console-socket', socket.path, newId()], { bundle });
  refused(t, result, /process\.terminal: .*devpts/, 'there is no devpts');
  t.notOk(existsSync(join(bundle, 'rootfs/dev/console')));
});

t.test('nothing is left', nothingLeft);
