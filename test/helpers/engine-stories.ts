/** What users do with containers, step by step: the same with Docker and Podman. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { cgroupFile } from './cgroup.ts';
import type { Engine } from './engine.ts';
import { CGROUP, call, shell, traces } from './lab.ts';
import { runtime } from './runtime.ts';
import { newId, temp, until } from './sandbox.ts';

type Story = (t: Test, engine: Engine) => void;

function waitFor(engine: Engine, name: string, field: string, value: string): void {
  until(`${field} to be ${value}`, () => engine.inspect(name, field) === value);
}

/** Where the kernel has the container's first process, by controller; version 2 has none. */
function cgroupOf(engine: Engine, name: string, controller: string): string {
  const lines = readFileSync(`/proc/${engine.inspect(name, 'State.Pid')}/cgroup`, 'utf8').split('\n');
  const line = lines.find((each) => each.split(':')[1]?.split(',').includes(controller)) ?? lines.at(-2);
  return line?.split(':').slice(2).join(':') ?? '';
}

/** Runs the client on a terminal that `keys`, a shell's lines, write to; what is on the screen at the end. */
function onTerminal(engine: Engine, keys: string, ...args: string[]): string {
  const line = [...engine.argv, ...args].map((word) => `'${word}'`).join(' ');
  const script = `{ ${keys}; sleep 0.3; } | script -qec "${line}" /dev/null`;
  return call('sh', ['-c', script], { env: engine.env, status: null }).stdout.replaceAll('\r', '');
}

const LIFE: Record<string, Story> = {
  'run -d, ps, inspect, stop, start, rm': (t, engine) => {
    const name = engine.up(t, ['--label', 'colour=red']);
    t.match(engine.says('ps'), new RegExp(`Up .*${name}`));
    t.equal(engine.inspect(name, 'Config.Labels.colour'), 'red');
    t.equal(readFileSync(`/proc/${engine.inspect(name, 'State.Pid')}/comm`, 'utf8'), 'sh\n');
    engine.says('stop', name);
    t.equal(engine.inspect(name, 'State.ExitCode'), '3', 'it could end by itself');
    t.match(engine.says('ps', '-a'), new RegExp(`Exited \\(3\\).*${name}`));
    engine.says('start', name);
    t.equal(engine.inspect(name, 'State.Status'), 'running');
    t.not(engine.call(['rm', name], { status: null }).status, 0, 'not while it runs');
    engine.says('rm', '-f', name);
    t.not(engine.call(['inspect', name], { status: null }).status, 0);
  },
  'create, start -a': (t, engine) => {
    const name = newId();
    t.teardown(() => engine.remove(name));
    engine.says('create', '--name', name, ...engine.flags, 'bb', 'sh', '-c', 'echo hello; exit 4');
    t.equal(engine.inspect(name, 'State.Status'), 'created');
    t.equal(engine.call(['start', '-a', name], { status: 4 }).stdout, 'hello\n');
    t.equal(engine.call(['start', '-a', name], { status: 4 }).stdout, 'hello\n', 'once more');
  },
  'stop: SIGKILL after its time': (t, engine) => {
    const name = engine.up(t, [], 'trap "" TERM; while :; do sleep 0.1; done');
    engine.says('stop', '-t', '1', name);
    t.equal(engine.inspect(name, 'State.ExitCode'), '137');
  },
  '--stop-signal, kill -s, wait': (t, engine) => {
    const name = engine.up(
      t,
      ['--stop-signal', 'USR1'],
      'trap "exit 9" USR1; trap "echo got it" USR2; echo up; while :; do sleep 0.1; done',
    );
    until('its traps', () => /up/.test(engine.says('logs', name)));
    engine.says('kill', '-s', 'USR2', name);
    until('the signal', () => /got it/.test(engine.says('logs', name)));
    engine.says('stop', name);
    t.equal(engine.says('wait', name), '9');
    t.equal(engine.inspect(name, 'State.ExitCode'), '9');
  },
  restart: (t, engine) => {
    const name = engine.up(t);
    const pid = engine.inspect(name, 'State.Pid');
    engine.says('restart', '-t', '5', name);
    t.equal(engine.inspect(name, 'State.Status'), 'running');
    t.not(engine.inspect(name, 'State.Pid'), pid);
  },
  'restart policies': (t, engine) => {
    const failing = engine.up(t, ['--restart', 'on-failure:2'], 'echo x; false');
    until('three runs', () => engine.says('logs', failing) === 'x\nx\nx');
    waitFor(engine, failing, 'State.Status', 'exited');
    const stubborn = engine.up(t, ['--restart', 'always']);
    const pid = engine.inspect(stubborn, 'State.Pid');
    process.kill(Number(pid), 'SIGKILL');
    until('another process', () => !['0', pid].includes(engine.inspect(stubborn, 'State.Pid')));
    waitFor(engine, stubborn, 'State.Status', 'running');
  },
  'pause, unpause': (t, engine) => {
    const name = engine.up(t, [], 'while :; do date +%s%N >/now; sleep 0.05; done');
    engine.says('pause', name);
    t.equal(engine.inspect(name, 'State.Status'), 'paused');
    t.not(engine.call(['exec', name, 'true'], { status: null }).status, 0, 'nothing can be executed');
    const root = `/proc/${engine.inspect(name, 'State.Pid')}/root/now`;
    const seen = readFileSync(root, 'utf8');
    shell('sleep 0.3');
    t.equal(readFileSync(root, 'utf8'), seen, 'and nothing goes on');
    engine.says('unpause', name);
    until('it to go on', () => readFileSync(root, 'utf8') !== seen);
    t.equal(engine.exec(name, 'echo again'), 'again');
  },
  'rename, events': (t, engine) => {
    const name = engine.up(t);
    engine.exec(name, 'true');
    const other = newId();
    t.teardown(() => engine.remove(other));
    engine.says('rename', name, other);
    engine.says('stop', other);
    const format = engine.name === 'podman' ? '{{.Status}}' : '{{.Action}}';
    const now = String(Date.now() / 1000);
    const limits = engine.name === 'podman' ? ['--stream=false'] : ['--until', now];
    const events = engine.says('events', '--since', '30s', ...limits, '--format', format).split('\n');
    for (const event of ['create', 'start', 'rename', /^exec/, /^die/])
      t.ok(
        events.some((each) => each.match(event)),
        `${event} was announced`,
      );
  },
  '--health-cmd': (t, engine) => {
    const interval = engine.name === 'podman' ? 'disable' : '0.3s';
    const name = engine.up(t, ['--health-cmd', 'test -e /healthy', '--health-interval', interval]);
    const field = engine.name === 'podman' ? 'State.Healthcheck.Status' : 'State.Health.Status';
    engine.exec(name, 'touch /healthy');
    if (engine.name === 'podman') engine.says('healthcheck', 'run', name);
    waitFor(engine, name, field, 'healthy');
  },
};

const LOOKING: Record<string, Story> = {
  logs: (t, engine) => {
    const name = engine.up(t, [], 'echo one; echo two >&2; sleep 0.2; echo three');
    engine.says('wait', name);
    t.same(engine.call(['logs', name]), { status: 0, stdout: 'one\nthree\n', stderr: 'two\n' });
    t.equal(engine.says('logs', '--tail', '1', name), 'three');
    t.match(engine.says('logs', '-t', '--tail', '1', name), /^\d{4}-\d\d-\d\dT\S+ three$/);
    const slow = engine.up(t, [], 'for i in 1 2 3; do echo $i; sleep 0.2; done');
    t.equal(engine.says('logs', '-f', slow), '1\n2\n3', 'until its end');
  },
  'top, stats': (t, engine) => {
    const name = engine.up(t, ['-m', '64m']);
    t.match(engine.says('top', name), /sleep 1000/);
    const stats = engine.says('stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', name);
    t.match(stats, /^2 [\d.]*[1-9][\d.]*[kKM]i?B \/ (64MiB|67.11MB)$/);
  },
  update: (t, engine) => {
    const name = engine.up(t, ['-m', '64m']);
    const value = (v1: string, v2: string) => {
      const [controller = ''] = v1.split('/');
      return cgroupFile(cgroupOf(engine, name, controller), v1, v2);
    };
    t.equal(value('memory/memory.limit_in_bytes', 'memory.max'), String(64 << 20));
    const limits = ['-m', '128m', '--memory-swap', '256m', '--cpus', '0.5', '--cpuset-cpus', '1'];
    engine.says('update', ...limits, name);
    t.equal(value('memory/memory.limit_in_bytes', 'memory.max'), String(128 << 20));
    t.match(value('cpu/cpu.cfs_quota_us', 'cpu.max'), /^50000/);
    t.equal(value('cpuset/cpuset.cpus', 'cpuset.cpus'), '1');
    t.equal(engine.exec(name, 'nproc'), '1');
  },
};

const EXEC: Record<string, Story> = {
  exec: (t, engine) => {
    const name = engine.up(t, ['-e', 'A=1']);
    t.equal(engine.exec(name, 'cat /proc/1/comm; echo $A$B', ['-e', 'B=2']), 'sh\n12');
    t.equal(engine.exec(name, 'id -un; pwd', ['-u', 'user', '-w', '/home/user']), 'user\n/home/user');
    for (const [program, status] of [
      ['no-such', 127],
      ['/no/such', 127],
      ['/etc/passwd', 126],
    ] as const) {
      // Docker 20.10 has 126 for both.
      const found = engine.call(['exec', name, program], { status: null }).status;
      t.ok(found === status || (engine.name === 'docker' && found === 126), `${program}: ${found}`);
    }
    t.equal(engine.call(['exec', name, 'sh', '-c', 'exit 9'], { status: 9 }).status, 9);
    t.equal(engine.call(['exec', '-i', name, 'wc', '-c'], { input: 'x'.repeat(100_000) }).stdout, '100000\n');
    engine.exec(name, 'touch /done', ['-d']);
    until(
      'the detached one',
      () => engine.call(['exec', name, 'test', '-e', '/done'], { status: null }).status === 0,
    );
  },
  'exec is as confined as its container': (t, engine) => {
    const name = engine.up(t, ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']);
    const seen = engine.exec(name, 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status | cut -f2');
    t.equal(seen, `${'0'.repeat(16)}\n1\n2`);
    t.equal(engine.exec(name, 'cat /proc/self/cgroup'), engine.exec(name, 'cat /proc/1/cgroup'));
    // runc fails where the machine lacks a capability.
    if (runtime.kind !== 'trunc') return;
    const privileged = engine.exec(name, 'grep ^CapEff: /proc/self/status', ['--privileged', '-u', '0']);
    t.match(privileged, /[1-9a-f]{4}$/, 'unless it is privileged');
  },
  'on a terminal': (t, engine) => {
    const run = ['run', '--rm', ...engine.flags, '-it', 'bb'];
    // Engines may lose what a program writes in its last moments.
    t.match(onTerminal(engine, 'sleep 2', ...run, 'sh', '-c', 'tty; sleep 1'), /^\/dev\/pts\/0$/m);
    t.match(
      onTerminal(engine, 'sleep 1; echo "echo sum=\\$((40 + 2))"; echo exit', ...run, 'sh'),
      /^sum=42$/m,
    );
    const name = engine.up(t);
    t.match(onTerminal(engine, 'true', 'exec', '-it', name, 'tty'), /\/dev\/pts\/\d+$/m);
    const attached = newId();
    t.teardown(() => engine.remove(attached));
    engine.says('run', '-dit', '--name', attached, ...engine.flags, 'bb', 'cat');
    const keys = 'sleep 0.5; echo hello; sleep 0.5; printf "\\020"; sleep 0.5; printf "\\021"; sleep 0.5';
    t.match(onTerminal(engine, keys, 'attach', attached), /^hello$/m);
    t.equal(engine.inspect(attached, 'State.Status'), 'running', 'Ctrl-P Ctrl-Q leaves it alone');
  },
};

/** A folder with a Dockerfile, and what else it needs. */
function context(dockerfile: string, files: Record<string, string> = {}): string {
  const directory = join(temp, newId());
  mkdirSync(directory);
  for (const [name, text] of Object.entries({ Dockerfile: dockerfile, ...files }))
    writeFileSync(join(directory, name), text);
  return directory;
}

const IMAGES: Record<string, Story> = {
  'cp, diff': (t, engine) => {
    const name = engine.up(t);
    const file = join(temp, newId());
    writeFileSync(file, 'data');
    engine.says('cp', file, `${name}:/tmp/new`);
    t.equal(engine.exec(name, 'cat /tmp/new'), 'data');
    engine.says('cp', `${name}:/etc/group`, file);
    t.match(readFileSync(file, 'utf8'), /^extra:x:2000:user$/m);
    t.match(engine.says('diff', name), /^A \/tmp\/new$/m);
  },
  'commit, export, import': (t, engine) => {
    const name = engine.up(t);
    engine.exec(name, 'touch /mark');
    const image = newId().toLowerCase();
    engine.says('commit', '-c', 'ENV X=y', name, image);
    t.equal(engine.says('run', '--rm', ...engine.flags, image, 'sh', '-c', 'ls /mark; echo $X'), '/mark\ny');
    const client = engine.argv.join(' ');
    shell(`${client} export ${name} | ${client} import - ${image}`, { env: engine.env });
    t.equal(engine.says('run', '--rm', ...engine.flags, image, 'ls', '/mark'), '/mark');
  },
  build: (t, engine) => {
    // A build of Podman takes the cgroup that it is given for the container's own.
    const own = ['--isolation', 'oci', '--cgroup-parent', `${CGROUP}/build`];
    // Podman 5 asks for more than may be given without CAP_SYS_RESOURCE.
    own.push('--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000');
    const flags = engine.name === 'podman' ? own : [];
    const steps = [
      'FROM bb',
      'ENV GREETING=hello',
      'WORKDIR /work',
      'COPY script /bin/greet',
      'RUN chmod +x /bin/greet && echo "built by $(id -un)" >note',
      'RUN ["chown", "user", "note"]',
      'USER user',
      'ENTRYPOINT ["greet"]',
      'CMD ["you"]',
    ];
    const script = '#!/bin/sh\necho "$GREETING $* ($(cat note), $(stat -c %U note) in $(pwd))"\n';
    const image = newId().toLowerCase();
    engine.says('build', ...flags, '-t', image, context(steps.join('\n'), { script }));
    const run = (...args: string[]) => engine.says('run', '--rm', ...engine.flags, image, ...args);
    t.equal(run(), 'hello you (built by root, user in /work)');
    t.equal(run('all'), 'hello all (built by root, user in /work)');
    const failing = engine.call(['build', ...flags, context('FROM bb\nRUN exit 6')], { status: null });
    t.match(failing.stderr + failing.stdout, /exit status 6|exit status 1|non-zero code: 6/);
    t.not(failing.status, 0);
  },
  volumes: (t, engine) => {
    const [volume, seeded] = [newId(), newId()];
    t.teardown(() => void engine.call(['volume', 'rm', '-f', volume, seeded], { status: null }));
    engine.inside(['-v', `${volume}:/v`], 'echo kept >/v/f');
    t.equal(engine.inside(['-v', `${volume}:/v`], 'cat /v/f'), 'kept');
    t.match(engine.inside(['-v', `${seeded}:/etc`], 'cat /etc/passwd'), /^root/, 'filled from the image');
    const name = engine.up(t, ['-v', `${volume}:/v`]);
    t.equal(engine.inside(['--volumes-from', name], 'cat /v/f'), 'kept');
  },
  'propagation of mounts': (t, engine) => {
    const outer = join(temp, newId());
    mkdirSync(join(outer, 'inner'), { recursive: true });
    const [slave, own] = [engine.up(t, ['-v', `${outer}:/v:rslave`]), engine.up(t, ['-v', `${outer}:/v`])];
    shell(`mount -t tmpfs none ${outer}/inner && touch ${outer}/inner/mark`);
    t.equal(engine.exec(slave, 'ls /v/inner'), 'mark');
    t.equal(engine.exec(own, 'ls /v/inner'), '');
    shell(`umount ${outer}/inner`);
  },
};

const NETWORKS: Record<string, Story> = {
  'a published port': (t, engine) => {
    engine.up(t, ['-p', '127.0.0.1:8088:80'], 'exec httpd -f -p 80 -h /etc');
    const page = () => call('curl', ['-fs', 'http://127.0.0.1:8088/group'], { status: null }).stdout;
    t.match(until('the server', page), /^root:x:0:/);
  },
  'namespaces of another container': (t, engine) => {
    const name = engine.up(t, ['--ipc', 'shareable']);
    const of = (kind: string) => `readlink /proc/self/ns/${kind}`;
    for (const [flag, kind] of [
      ['--net', 'net'],
      ['--ipc', 'ipc'],
      ['--pid', 'pid'],
    ] as const)
      t.equal(engine.inside([flag, `container:${name}`], of(kind)), engine.exec(name, of(kind)), flag);
    t.match(engine.inside(['--pid', `container:${name}`], 'ps'), /sleep 1000/);
  },
};

const LAST: Record<string, Story> = {
  'ten at once': (t, engine) => {
    const line = [...engine.argv, 'run', '--rm', ...engine.flags, 'bb', 'echo'].join(' ');
    const numbers = shell(`for i in 0 1 2 3 4 5 6 7 8 9; do ${line} $i & done; wait`, { env: engine.env });
    t.equal(numbers.split('\n').sort().join(''), '0123456789');
  },
  'nothing is left of a container': (t, engine) => {
    const name = engine.up(t);
    engine.exec(name, 'true');
    const id = engine.inspect(name, 'Id');
    t.not(traces(id).length, 0);
    engine.remove(name);
    t.same(traces(id), []);
  },
};

const STORIES = { ...LIFE, ...LOOKING, ...EXEC, ...IMAGES, ...NETWORKS, ...LAST };

/** One test for each story. */
export function testStories(t: Test, engine: Engine): void {
  for (const [name, story] of Object.entries(STORIES)) t.test(name, async (t) => story(t, engine));
}
