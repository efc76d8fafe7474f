import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Change, type Hook, type HookKind, makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  nothingLeft,
  type Result,
  refused,
  run,
  runtime,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { leftovers, namespaceOf, newId, processes, root, temp } from '../helpers/sandbox.ts';

suite('root');

const ON_HOST: HookKind[] = ['prestart', 'createRuntime', 'poststart', 'poststop'];

/** A hook that runs a script of the shell: that of the host, or for startContainer the container's. */
const shell = (script: string, more: Partial<Hook> = {}): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  ...more,
});

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

/** A bundle with hooks of which one fails, and a poststop hook that notes that it has run. */
function failing(kind: HookKind, hook: Hook, change: Change = () => {}) {
  const log = join(temp, newId());
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'echo ran; exec sleep 1000'];
    const ok = shell('exit 0');
    config.hooks = { [kind]: [ok, hook, shell(`echo ${kind} goes on >> ${log}`)] };
    if (kind !== 'poststop') config.hooks.poststop = [shell(`echo poststop >> ${log}`)];
    change(config);
  });
  return { bundle, log: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') };
}

/** create and start; returns the result of the one that fails. */
function createAndStart(t: Test, bundle: string): { id: string; result: Result } {
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  const created = run(['create', id], { bundle });
  return { id, result: created.status === 0 ? run(['start', id]) : created };
}

const FIVE: HookKind[] = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart'];

// runc 1.1.5 keeps the container when startContainer fails, and says nothing of it.
for (const kind of FIVE) {
  t.test(`a ${kind} hook that fails`, only('trunc'), async (t) => {
    const hook = shell('echo some words; echo more words >&2; exit 3');
    const { bundle, log } = failing(kind, hook);
    const { id, result } = createAndStart(t, bundle);
    const reason = `hooks\\.${kind}\\[1\\]: /bin/sh: exit status 3: some words; more words`;
    t.equal(result.status, 1);
    t.match(result.stderr, new RegExp(`^[^\\n]*${reason}\\n$`), 'the reason, on one line');
    t.equal(log(), 'poststop\n', 'no further hook of the kind, but poststop');
    t.equal(state(id), undefined, 'the container is gone');
    t.same(leftovers(), [], 'and all that there was of it');

    const again = run(['run', id], { bundle });
    t.equal(again.status, 1, 'the same with run');
    t.match(again.stderr, new RegExp(reason));
    t.equal(log(), 'poststop\npoststop\n');
    if (kind !== 'poststart') t.equal(again.stdout, '', 'the program has not run');
    t.same(leftovers(), []);
  });
}

// runc 1.1.5 stops at the first one.
t.test('poststop hooks that fail are warnings', only('trunc'), async (t) => {
  const { bundle, log } = failing('poststop', shell('echo bad; kill -9 $$'), (config) => {
    config.process.args = ['/bin/true'];
  });
  const { id, result } = createAndStart(t, bundle);
  t.equal(result.status, 0);
  waitFor(id, 'stopped');
  const deleted = run(['delete', id]);
  t.equal(deleted.status, 0);
  t.match(
    deleted.stderr,
    /^[^\n]*level=warning msg="hooks\.poststop\[1\]: \/bin\/sh: killed by signal 9: bad"\n$/,
  );
  t.equal(log(), 'poststop goes on\n');
  t.equal(run(['run', newId()], { bundle }).status, 0, 'at the end of run too');
  t.equal(log(), 'poststop goes on\n'.repeat(2));
});

t.test('what cannot be executed', only('trunc'), async (t) => {
  const plain = join(temp, 'plain');
  writeFileSync(plain, 'exit 0\n', { mode: 0o644 });
  const bare = join(temp, 'bare');
  writeFileSync(bare, 'exit 0\n', { mode: 0o755 });
  const lost = join(temp, 'lost');
  writeFileSync(lost, '#!/no/such/interpreter\n', { mode: 0o755 });
  const cases: [string, RegExp][] = [
    ['/no/such/hook', /execute \/no\/such\/hook: no such file or directory\n/],
    [plain, /execute \/.*\/plain: permission denied\n/],
    [bare, /execute \/.*\/bare: exec format error \(a script needs a line with #! and its interpreter\)\n/],
    [lost, /execute \/.*\/lost: no such file or directory \(the file is there, its interpreter is not\)\n/],
    [temp, /execute \/.*: permission denied\n/],
  ];
  for (const [path, reason] of cases) {
    const { bundle, log } = failing('createRuntime', { path });
    const result = run(['create', newId()], { bundle });
    refused(t, result, new RegExp(`hooks\\.createRuntime\\[1\\]: ${reason.source}`), path);
    t.equal(log(), 'poststop\n');
  }
  for (const kind of ['createContainer', 'startContainer'] as const) {
    const { result } = createAndStart(t, failing(kind, { path: '/no/such' }).bundle);
    const reason = `hooks\\.${kind}\\[1\\]: execute /no/such: no such file or directory\\n`;
    refused(t, result, new RegExp(reason), kind);
  }
});

t.test('timeouts', only('trunc'), async (t) => {
  for (const kind of FIVE) {
    const { bundle, log } = failing(kind, shell('echo waiting; sleep 1000; echo late', { timeout: 1 }));
    const before = Date.now();
    const { result } = createAndStart(t, bundle);
    const reason = new RegExp(`hooks\\.${kind}\\[1\\]: /bin/sh: timed out after 1 s: waiting\\n`);
    t.equal(result.status, 1);
    t.match(result.stderr, reason);
    t.ok(Date.now() - before < 8000, `${kind} took ${Date.now() - before} ms`);
    t.equal(log(), 'poststop\n');
    t.same(leftovers(), [], 'the hook and its children are dead');
  }
});

t.test('in time', async (t) => {
  const { bundle } = failing('createRuntime', shell('sleep 0.1', { timeout: 30 }));
  const { result } = createAndStart(t, bundle);
  t.equal(result.status, 0, result.stderr);
});

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
  t.ok(Date.now() - before < 8000, 'nothing waits for a process that a hook has left behind');
  t.equal(log(), 'createContainer goes on\n');
  succeed(['delete', '--force', id]);
  for (const pid of processes()) process.kill(pid, 'SIGKILL');

  const loud = failing('createRuntime', shell('yes "some words" | head -n 100000; echo the end >&2; exit 1'));
  const { stderr } = run(['create', newId()], { bundle: loud.bundle });
  t.match(stderr, /exit status 1: .*some words; the end\n$/, 'the end of the output');
  t.ok(stderr.length < 4000, `not all of it: ${stderr.length}`);
});

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

t.test('nothing is left', nothingLeft);
