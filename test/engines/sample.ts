/** A little of everything, for CI; the other files of this folder are for `npm run test:engines`. */
import t from 'tap';
import { IMAGE, startContainerd } from '../helpers/containerd.ts';
import { type Engine, setUpPodman, startDocker } from '../helpers/engine.ts';
import { call, enterLab, PODMAN_LEAVES, RUNTIME, remains, shell } from '../helpers/lab.ts';
import { newId, until } from '../helpers/sandbox.ts';

await enterLab('docker', 'dockerd', 'podman', 'conmon', 'containerd', 'ctr', 'iptables', 'script', 'curl');

const { docker, daemon } = startDocker();
const engines: [Engine, port: number][] = [
  [docker, 8088],
  [setUpPodman(), 8089],
];

for (const [engine, port] of engines) {
  t.test(`${engine.name}: run`, async (t) => {
    const script = 'id -un; grep ^Seccomp: /proc/self/status';
    t.equal(engine.inside(['-m', '64m', '-u', 'user'], script), 'user\nSeccomp:\t2');
    t.equal(engine.inside(['--privileged'], 'mount -t tmpfs none /tmp && echo done'), 'done');
    t.equal(engine.run([], ['no-such'], { status: 127 }).stdout, '');
    const line = [...engine.argv, 'run', '--rm', ...engine.flags, '-it', 'bb', 'tty'].join(' ');
    // What is typed has no end before the container has.
    const typing = 'while [ ! -e ended ]; do sleep 0.1; done; rm ended';
    const onTerminal = `{ ${typing}; } | { script -qec '${line}' /dev/null; : > ended; }`;
    t.match(shell(onTerminal, { env: engine.env }), /^\/dev\/pts\/0/);
  });

  t.test(`${engine.name}: a server's life`, async (t) => {
    const name = engine.up(
      t,
      ['-p', `127.0.0.1:${port}:80`],
      'trap "exit 3" TERM; httpd -f -p 80 -h /etc & wait',
    );
    const page = () => call('curl', ['-fs', `http://127.0.0.1:${port}/group`], { status: null }).stdout;
    t.match(until('the server', page), /^root:x:0:/);
    until('the program', () => engine.exec(name, 'cat /proc/1/comm') === 'sh');
    engine.says('pause', name);
    t.equal(engine.inspect(name, 'State.Status'), 'paused');
    engine.says('unpause', name);
    t.match(engine.says('top', name), /httpd -f/);
    engine.says('stop', name);
    t.equal(engine.inspect(name, 'State.ExitCode'), '3');
  });
}

t.test('containerd: run, exec, kill', async (t) => {
  const containerd = startContainerd();
  const ctr = (...args: string[]) => call('ctr', args).stdout.trimEnd();
  const id = newId();
  ctr('run', '-d', '--runc-binary', RUNTIME, IMAGE, id, 'sleep', '1000');
  const program = () => ctr('task', 'exec', '--exec-id', newId(), id, 'cat', '/proc/1/comm');
  until('the program', () => program() === 'sleep');
  ctr('task', 'kill', '-s', 'KILL', id);
  until('its end', () => /STOPPED/.test(ctr('task', 'ls')));
  t.equal(call('ctr', ['task', 'rm', id], { status: null }).status, 0);
  ctr('container', 'rm', id);
  containerd.stop();
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(PODMAN_LEAVES), []);
});
