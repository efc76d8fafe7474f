import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  type Change,
  type Hook,
  type HookKind,
  makeBundle,
  readConfig,
  withoutNamespace,
  withUserNamespace,
  writeConfig,
} from '../helpers/bundle.ts';
import { createAndStart, failing, shell } from '../helpers/hooks.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import { nothingLeft, run, runtime, state, succeed, waitFor } from '../helpers/runtime.ts';
import {
  endProcesses,
  HANGS_MS,
  leftovers,
  namespaceOf,
  newId,
  root,
  slowness,
  temp,
} from '../helpers/sandbox.ts';

suite('root');

const ON_HOST: HookKind[] = ['prestart', 'createRuntime', 'poststart', 'poststop'];

/** What `record` writes down. */
interface Entry {
  hook: string;
  cwd: string;
  pid: string;
  mnt: string;
  net: string;
  fds: string;
  signals: string;
  env: string;
  umask: string;
  state: Record<string, unknown>;
}

/** A hook that adds an entry to a file, which is one of the host, or in the rootfs for startContainer. */
function record(name: string, file: string, more: Partial<Hook> = {}): Hook {
  const value = (key: string, command: string) => `printf '"${key}": "%s", ' "$(${command})"`;
  const script = [
    'PATH=/bin:/usr/bin; read -r state; exec 5>&1; exec >>',
    file,
    `; exec 5>&-; printf '{"hook": "${name}", ';`,
    value('cwd', 'pwd -P'),
    ';',
    value('pid', 'echo $$'),
    ';',
    value('mnt', 'readlink /proc/self/ns/mnt'),
    ';',
    value('net', 'readlink /proc/self/ns/net'),
    ';',
    value('fds', 'echo $(ls /proc/self/fd)'),
    ';',
    value('signals', "echo $(grep -E '^Sig(Blk|Ign)' /proc/self/status)"),
    ';',
    value('env', "echo $(env | grep -vE '^(PWD|OLDPWD|SHLVL|_|PATH)=' | sort)"),
    ';',
    value('umask', 'umask'),
    `; printf '"state": %s}\\n' "$state"`,
  ].join(' ');
  return shell(script, more);
}

function entries(...files: string[]): Entry[] {
  return files.flatMap((file) => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry);
  });
}

/** A bundle all of whose hooks write to one file; those inside to another, in the rootfs. */
function recorded(change: Change = () => {}) {
  const log = join(temp, newId());
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sleep', '1000'];
    config.annotations = { 'com.example.key': 'a "quoted" value' };
    config.hooks = Object.fromEntries(
      [...ON_HOST, 'createContainer' as const].map((kind) => [
        kind,
        [record(`${kind} 0`, log, { env: ['A=1'] }), record(`${kind} 1`, log)],
      ]),
    );
    config.hooks.startContainer = [record('startContainer 0', '/log', { env: ['B=2'] })];
    change(config);
  });
  return { bundle, log, inside: join(bundle, 'rootfs/log') };
}

const names = (list: Entry[]) => list.map(({ hook }) => hook);
const twice = (kind: string) => [`${kind} 0`, `${kind} 1`];

const statuses: Record<HookKind, string> = {
  prestart: 'creating',
  createRuntime: 'creating',
  createContainer: 'creating',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
};

// runc 1.1.5 runs poststart at the end of create, gives its own environment to a hook without one, does not change to
// the bundle for poststop, and lets descriptors and ignored signals through.
t.test('the life of a container', async (t) => {
  const mine = runtime.kind === 'trunc';
  const id = newId();
  const { bundle, log, inside } = recorded();
  const wrapper = ['sh', '-c', 'trap "" HUP USR1; exec "$@"', 'sh'];
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['create', id], { bundle, wrapper });
  const pid = state(id)?.pid as number;
  const spaces = { mnt: namespaceOf(pid, 'mnt'), net: namespaceOf(pid, 'net') };
  const before = ['prestart', 'createRuntime', 'createContainer'].flatMap(twice);
  t.same(names(entries(log)).slice(0, 6), before, 'create runs three kinds');
  t.same(entries(inside), [], 'startContainer hooks wait');
  succeed(['start', id], { wrapper });
  t.same(names(entries(inside)), ['startContainer 0']);
  t.same(names(entries(log)), [...before, ...twice('poststart')]);
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  t.same(names(entries(log)).length, 8, 'poststop hooks wait for delete');
  succeed(['delete', id], { wrapper });
  t.same(names(entries(log)), [...before, ...twice('poststart'), ...twice('poststop')]);

  const host = { mnt: namespaceOf('self', 'mnt'), net: namespaceOf('self', 'net') };
  const rootfs = join(bundle, 'rootfs');
  const annotations = { 'com.example.key': 'a "quoted" value' };
  for (const entry of [...entries(log), ...entries(inside)]) {
    const [kind = '', index] = entry.hook.split(' ');
    const isInside = kind === 'createContainer' || kind === 'startContainer';
    t.match(entry, isInside ? spaces : host, `${entry.hook}: namespaces`);
    const cwd = kind === 'createContainer' ? rootfs : kind === 'startContainer' ? '/' : bundle;
    if (mine || kind !== 'poststop') t.equal(entry.cwd, cwd, `${entry.hook}: cwd`);
    if (mine) {
      const env = kind === 'startContainer' ? 'B=2' : index === '0' ? 'A=1' : '';
      t.equal(entry.env, env, `${entry.hook}: environment`);
      t.match(entry.signals, /^SigBlk: 0{16} SigIgn: 0{16}$/, `${entry.hook}: signals`);
      t.equal(entry.fds, '0 1 2 3', `${entry.hook}: descriptors, and the directory that ls reads`);
      t.equal(entry.umask, '0022', `${entry.hook}: umask`);
    }
    const status = !mine && kind === 'poststart' ? 'created' : statuses[kind as HookKind];
    const seen = isInside ? 1 : kind === 'poststop' ? undefined : pid;
    const { pid: told, ...rest } = entry.state;
    t.equal(told || undefined, seen, `${entry.hook}: pid`);
    t.match(rest, { id, bundle, status, annotations, ociVersion: /^1\./ }, `${entry.hook}: state`);
  }
});

t.test('where they are looked for, and without arguments', async (t) => {
  const [onHost, log] = [join(temp, newId()), join(temp, newId())];
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/cat', '/log'];
    config.hooks = { startContainer: [{ path: '/only-inside' }] };
    for (const kind of [...ON_HOST, 'createContainer'] as const) config.hooks[kind] = [{ path: onHost }];
  });
  writeFileSync(onHost, `#!/bin/sh\necho "$# $0" >> ${log}\n`, { mode: 0o755 });
  writeFileSync(join(bundle, 'rootfs/only-inside'), '#!/bin/sh\necho "$# $0" > /log\n', { mode: 0o755 });
  const { stdout, stderr } = run(['run', newId()], { bundle });
  t.equal(stdout, '0 /only-inside\n', stderr);
  t.equal(readFileSync(log, 'utf8'), `0 ${onHost}\n`.repeat(5));
});

t.test('in time', async (t) => {
  const { bundle } = failing('createRuntime', shell('sleep 0.1', { timeout: 30 }));
  const { result } = createAndStart(t, bundle);
  t.equal(result.status, 0, result.stderr);
});

// runc waits for whoever has the hook's streams.
t.test('streams', only('trunc'), async (t) => {
  const words = 'x'.repeat(100_000);
  const { bundle, log } = failing('createContainer', shell('exec <&- >&- 2>&-; exit 0'), (config) => {
    config.annotations = { words, more: words };
    config.hooks = {
      ...config.hooks,
      prestart: [shell('exit 0'), shell('yes | head -c 10000000'), shell('test "$(wc -c)" -gt 200000')],
      createRuntime: [shell('sleep 1000 &')],
    };
  });
  const before = Date.now();
  const { id, result } = createAndStart(t, bundle);
  t.equal(result.status, 0, result.stderr);
  t.ok(Date.now() - before < HANGS_MS * slowness, 'nothing waits for a process that a hook has left behind');
  t.equal(log(), 'createContainer goes on\n');
  succeed(['delete', '--force', id]);
  endProcesses();

  const loud = failing('createRuntime', shell('yes "some words" | head -n 100000; echo the end >&2; exit 1'));
  const { stderr } = run(['create', newId()], { bundle: loud.bundle });
  t.match(stderr, /exit status 1: .*some words; the end\n$/, 'the end of the output');
  t.ok(stderr.length < 4000, `not all of it: ${stderr.length}`);
});

// runc 1.1.5 and crun carry some of it out, `delete` for example, and then create fails.
t.test('what needs the container that is being created fails at once', only('trunc'), async (t) => {
  const log = join(temp, newId());
  const id = newId();
  const commands = ['start', 'pause', 'resume', 'update --pids-limit 9', 'delete', 'delete --force'];
  const lines = commands.map((command) => {
    const line = [...runtime.argv, '--root', root, command, id].join(' ');
    return `${line} >>${log} 2>&1; echo "exit $?" >>${log}`;
  });
  const { bundle } = failing('createRuntime', shell(lines.join('\n'), { env: [`PATH=${process.env.PATH}`] }));
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['create', id], { bundle });
  const reason =
    /^(?:trunc.*: another command has the container, and waits for the hook that runs this one \(.*\)\nexit 1\n){6}$/;
  t.match(readFileSync(log, 'utf8'), reason);
  t.equal(state(id)?.status, 'created');
});

// runc 1.1.5 has no record of the container by then.
t.test('hooks may use the runtime', only('trunc'), async (t) => {
  const log = join(temp, newId());
  const id = newId();
  const command = (verb: string) => [...runtime.argv, '--root', root, verb, id].join(' ');
  const status = `${command('state')} 2>&1 | grep -E '"status"|not exist' >> ${log}`;
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sleep', '1000'];
    config.hooks = Object.fromEntries(
      ON_HOST.map((kind) => [kind, [shell(status, { env: ['PATH=/bin:/usr/bin'] })]]),
    );
    config.hooks.poststart?.push(shell(`${command('kill')} KILL`));
    config.hooks.poststart?.push(shell(command('delete --force')));
  });
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['create', id], { bundle });
  succeed(['start', id]);
  t.match(
    readFileSync(log, 'utf8'),
    /^ +"status": "creating",\n +"status": "creating",\n +"status": "running",\n.*container does not exist: .*\n$/,
  );
  t.equal(state(id), undefined, 'the last poststart hook has deleted the container');
});

const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
/** Prints the pid of the state. */
const PID = `sed 's/.*"pid":\\([0-9]*\\).*/\\1/'`;

const tmpfs = (destination: string) => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['mode=0777'],
});

// As GPU hooks do: from the host through the namespaces of init, and from inside with the files of the host.
t.test('hooks mount into the rootfs', requires('nsenter'), async (t) => {
  for (const flags of [[], ['--no-pivot']]) {
    const bundle = makeBundle((config) => {
      for (const name of ['one', 'two']) config.mounts.push(tmpfs(`/${name}`));
      config.process.args = ['/bin/cat', '/one/file', '/two/file'];
    });
    const rootfs = join(bundle, 'rootfs');
    const config = readConfig(bundle);
    const enter = `nsenter -t "$(${PID})" -m`;
    config.hooks = {
      createRuntime: [shell(`${enter} sh -c 'echo from the host > ${rootfs}/one/file'`, { env: [PATH] })],
      createContainer: [
        shell('echo from inside > two/file; mount --bind two/file one/file || exit 7', { env: [PATH] }),
      ],
    };
    writeConfig(bundle, config);
    const { status, stdout, stderr } = run(['run', ...flags, newId()], { bundle });
    t.equal(status, 0, stderr);
    t.equal(stdout, 'from inside\nfrom inside\n', `a mount of a hook is the container's ${flags}`);
    t.notOk(existsSync(join(rootfs, 'one/file')), 'and not the host’s');
  }
});

// Without a mount namespace runc 1.1.5 needs a /proc in the rootfs.
t.test('in other namespaces', only('trunc'), async (t) => {
  const cases: Record<string, Change> = {
    'a user namespace': (config) => withUserNamespace(config),
    'no pid namespace': (config) => withoutNamespace(config, 'pid'),
    'no mount namespace': (config) => {
      withoutNamespace(config, 'mount');
      config.mounts = [];
    },
    'another user': (config) => {
      config.process.user = { uid: 1000, gid: 1000 };
    },
  };
  for (const [name, change] of Object.entries(cases)) {
    const id = newId();
    const note = 'echo $(id -u) $(umask) >> /tmp/log';
    const bundle = makeBundle((config) => {
      config.process.args = ['/bin/cat', '/tmp/log'];
      config.hooks = {
        createContainer: [shell('echo $(id -u) $(umask) > tmp/log; chmod 666 tmp/log', { env: [PATH] })],
        startContainer: [shell(note)],
      };
      change(config);
    });
    const { status, stdout, stderr } = run(['run', id], { bundle });
    t.equal(status, 0, `${name}: ${stderr}`);
    t.equal(stdout, `0 0022\n${name === 'another user' ? 1000 : 0} 0022\n`, name);
    t.same(leftovers(), []);
  }
});

t.test(
  'startContainer hooks have the limits of the program, and its environment if none of their own',
  async (t) => {
    const bundle = makeBundle((config) => {
      config.process.env = ['PATH=/bin', 'A=1'];
      config.process.rlimits = [
        { type: 'RLIMIT_NOFILE', soft: 33, hard: 44 },
        { type: 'RLIMIT_AS', soft: 1 << 26, hard: 1 << 26 },
      ];
      config.process.noNewPrivileges = true;
      const show =
        'echo $A $(ulimit -Sn) $(ulimit -Hn) $(ulimit -v) $(grep NoNewPrivs /proc/self/status) > /log';
      config.hooks = { startContainer: [shell(show)] };
      config.process.args = ['/bin/sh', '-c', `cat /log; ${show}; cat /log`];
    });
    const { stdout, stderr } = run(['run', newId()], { bundle });
    t.equal(stdout, '1 33 44 65536 NoNewPrivs: 1\n'.repeat(2), stderr);
  },
);

// runc runs them before that.
t.test('the program has been executed when poststart hooks run', only('trunc'), async (t) => {
  const log = join(temp, newId());
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sleep', '1000'];
    config.hooks = {
      startContainer: [shell('sleep 0.2')],
      poststart: [shell(`readlink /proc/$(${PID})/exe > ${log}`, { env: [PATH] })],
    };
  });
  for (const go of [
    (id: string) => succeed(['run', '--detach', id], { bundle }),
    (id: string) => createAndStart(t, bundle, id),
  ]) {
    const id = newId();
    go(id);
    t.match(readFileSync(log, 'utf8'), /busybox\n$/);
    writeFileSync(log, '');
    succeed(['delete', '--force', id]);
  }
});

t.test('nothing is left', nothingLeft);
