// What becomes of a container, and of what its hooks have made, when a hook fails or does not end.
import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type HookKind, makeBundle } from '../helpers/bundle.ts';
import { createAndStart, failing, shell } from '../helpers/hooks.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  background,
  nothingLeft,
  refused,
  run,
  runtime,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { endProcesses, HANGS_MS, leftovers, newId, slowness, temp, until } from '../helpers/sandbox.ts';

suite('root');

const mine = runtime.kind === 'trunc';

const FIVE: HookKind[] = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart'];

// runc keeps the container when startContainer fails, and says nothing of it; poststart is a part of its create.
for (const kind of FIVE) {
  t.test(
    `a ${kind} hook that fails`,
    only(kind === 'startContainer' ? 'trunc' : ['trunc', 'runc']),
    async (t) => {
      const hook = shell('echo some words; echo more words >&2; exit 3');
      const { bundle, log } = failing(kind, hook);
      const { id, result } = createAndStart(t, bundle);
      const ours = `^[^\\n]*hooks\\.${kind}\\[1\\]: /bin/sh: exit status 3: some words; more words\\n$`;
      const reason = new RegExp(mine ? ours : 'hook #1: .*exit status 3.*some words');
      t.equal(result.status, 1);
      t.match(result.stderr, reason, 'the reason, on one line');
      t.equal(log(), 'poststop\n', 'no further hook of the kind, but poststop');
      t.equal(state(id), undefined, 'the container is gone');
      t.same(leftovers(), [], 'and all that there was of it');

      const again = run(['run', id], { bundle });
      t.equal(again.status, 1, 'the same with run');
      t.match(again.stderr, reason);
      t.equal(log(), 'poststop\npoststop\n');
      if (kind !== 'poststart') t.equal(again.stdout, '', 'the program has not run');
      t.same(leftovers(), []);
    },
  );
}

// runc stops at the first one.
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

// runc names neither the hook nor the reason.
t.test('what cannot be executed', only('trunc'), async (t) => {
  const plain = join(temp, 'plain');
  writeFileSync(plain, 'exit 0\n', { mode: 0o644 });
  const bare = join(temp, 'bare');
  writeFileSync(bare, 'exit 0\n', { mode: 0o755 });
  const lost = join(temp, 'lost');
  writeFileSync(lost, '#!/no/such/interpreter\n', { mode: 0o755 });
  const cases: [string, RegExp][] = [
    ['/no/such/hook', /execute \/no\/such\/hook: no such file or directory\n/],
    [plain, /execute \/.*\/plain: permission denied: it is not executable, mode 0644 \(chmod \+x\)\n/],
    [
      bare,
      /execute \/.*\/bare: exec format error: it is no ELF program, and no script, .* \(let its first line be .*\)\n/,
    ],
    [
      lost,
      /execute \/.*\/lost: no such file or directory: its interpreter "\/no\/such\/interpreter" is not there \(.*\)\n/,
    ],
    [temp, /execute \/.*: permission denied: it is no regular file\n/],
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

// runc waits for what a hook has started.
t.test('timeouts', only('trunc'), async (t) => {
  for (const kind of FIVE) {
    const { bundle, log } = failing(kind, shell('echo waiting; sleep 1000; echo late', { timeout: 1 }));
    const before = Date.now();
    const { result } = createAndStart(t, bundle);
    const reason = new RegExp(`hooks\\.${kind}\\[1\\]: /bin/sh: timed out after 1 s: waiting\\n`);
    t.equal(result.status, 1);
    t.match(result.stderr, reason);
    t.ok(Date.now() - before < HANGS_MS * slowness, `${kind} took ${Date.now() - before} ms`);
    t.equal(log(), 'poststop\n');
    t.same(leftovers(), [], 'the hook and its children are dead');
  }
});

// start of runc has ended by then.
t.test('a program that cannot be executed', only('trunc'), async (t) => {
  const { bundle, log } = failing('poststart', shell('exit 0'), (config) => {
    config.process.args = ['/bad'];
  });
  writeFileSync(join(bundle, 'rootfs/bad'), 'no program\n', { mode: 0o755 });
  const { result } = createAndStart(t, bundle);
  t.equal(result.status, 255, 'start tells');
  t.match(result.stderr, /exec \/bad: exec format error: it is no ELF program, and no script, .*\n/);
  t.equal(log(), 'poststop\n');
});

// crun runs none then, and takes a relative cwd.
t.test('poststop hooks clean up after a create that fails', only(['trunc', 'runc']), async (t) => {
  const { bundle, log } = failing('createRuntime', shell('exit 0'), (config) => {
    config.process.args = ['/no/such/program'];
  });
  t.equal(run(['create', newId()], { bundle }).status, 1);
  t.equal(log(), 'createRuntime goes on\npoststop\n');
});

t.test('no hook runs for a config that is refused', only(['trunc', 'runc']), async (t) => {
  const { bundle, log } = failing('createRuntime', shell('exit 0'), (config) => {
    config.process.cwd = 'relative';
  });
  t.equal(run(['create', newId()], { bundle }).status, 1);
  t.equal(log(), '');
});

/** A hook that hangs, and tells that it does. */
function hanging(kind: HookKind) {
  const mark = join(temp, newId());
  const script = kind === 'startContainer' ? 'echo > /mark; sleep 1000' : `echo > ${mark}; sleep 1000`;
  const made = failing(kind, shell(script));
  const file = kind === 'startContainer' ? join(made.bundle, 'rootfs/mark') : mark;
  return { ...made, hangs: () => until('the hook to hang', () => existsSync(file)) };
}

for (const kind of FIVE) {
  // runc 1.1.5 has no record of a container that it is creating, and start does not wait for startContainer hooks.
  t.test(`the runtime is killed in a ${kind} hook`, only('trunc'), async (t) => {
    const { bundle, log, hangs } = hanging(kind);
    const id = newId();
    const isStart = kind === 'startContainer' || kind === 'poststart';
    if (isStart) succeed(['create', id], { bundle });
    const { child, done } = background(isStart ? ['start', id] : ['create', id], isStart ? {} : { bundle });
    hangs();
    t.match(state(id), { status: isStart ? 'running' : 'creating' });
    child.kill('SIGKILL');
    await done;
    succeed(['delete', '--force', id]);
    t.equal(log(), 'poststop\n');
    // The children of a hook are its own affair: here a sleep on the host.
    endProcesses();
    t.same(leftovers(), []);
  });
}

// The start of runc 1.1.5 does not wait for startContainer hooks.
t.test('kill and delete --force while a startContainer hook hangs', only('trunc'), async (t) => {
  for (const args of [
    ['kill', 'KILL'],
    ['delete', '--force'],
  ]) {
    const { bundle, hangs } = hanging('startContainer');
    const id = newId();
    succeed(['create', id], { bundle });
    const { done } = background(['start', id]);
    hangs();
    const [verb = '', argument = ''] = args;
    succeed(verb === 'kill' ? [verb, id, argument] : [verb, argument, id]);
    const { status, stderr } = await done;
    t.equal(status, 1);
    t.match(stderr, /container init ended before it could execute the program\n$/);
    t.equal(state(id), undefined);
    t.same(leftovers(), []);
  }
});

// The start of runc 1.1.5 does not wait for startContainer hooks.
t.test(
  'a start that is killed in the middle of startContainer hooks does not end the container',
  only('trunc'),
  async (t) => {
    const mark = join(temp, newId());
    const bundle = makeBundle((config) => {
      config.process.args = ['/bin/sleep', '1000'];
      config.hooks = {
        startContainer: [shell('echo > /mark; until [ -e /go ]; do sleep 0.1; done')],
        poststart: [shell(`echo > ${mark}`)],
      };
    });
    const id = newId();
    succeed(['create', id], { bundle });
    const { child, done } = background(['start', id]);
    until('the hook', () => existsSync(join(bundle, 'rootfs/mark')));
    waitFor(id, 'running');
    child.kill('SIGKILL');
    await done;
    writeFileSync(join(bundle, 'rootfs/go'), '');
    const pid = state(id)?.pid;
    until('the program', () => readlinkSync(`/proc/${pid}/exe`).endsWith('busybox'));
    t.equal(state(id)?.status, 'running');
    t.notOk(existsSync(mark));
    succeed(['delete', '--force', id]);
  },
);

// runc does not say why.
t.test('a cgroup without room for a hook', only('trunc'), async (t) => {
  const { bundle } = failing('createContainer', shell('exit 0'), (config) => {
    config.linux.resources = { pids: { limit: 1 } };
  });
  const result = run(['create', newId()], { bundle });
  refused(
    t,
    result,
    /hooks\.createContainer\[0\]: .*\(does linux\.resources\.pids\.limit leave room for a hook\?\)\n/,
  );
});

t.test('nothing is left', nothingLeft);
