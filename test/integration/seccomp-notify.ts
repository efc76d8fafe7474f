import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { connectSocket } from '../../src/linux/socket.ts';
import type { Seccomp } from '../../src/spec/config.ts';
import { Agent, type Answer, type Asked, type Listener } from '../helpers/agent.ts';
import { type Change, makeBundle, withUserNamespace } from '../helpers/bundle.ts';
import { type Call, type Outcome, outcomes, putProbe } from '../helpers/probe.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  attempt,
  background,
  create,
  inside,
  nothingLeft,
  type Result,
  refused,
  run,
  running,
  runtime,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';

suite('root', 'x86-64');

const NR = { write: 1, vfork: 58, execve: 59, wait4: 61, umask: 95, getpgid: 121, exit_group: 231 };
const EACCES = 13;

const notify = (path: string, names: string[], more: Partial<Seccomp> = {}): Seccomp => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64'],
  listenerPath: path,
  listenerMetadata: 'what the agent wants',
  syscalls: [{ names, action: 'SCMP_ACT_NOTIFY' }],
  ...more,
});

/** A Change: that profile. */
const profile =
  (seccomp: Seccomp, noNewPrivileges = true): Change =>
  (config) => {
    config.process.noNewPrivileges = noNewPrivileges;
    config.linux.seccomp = seccomp;
    config.annotations = { 'org.example.key': 'value' };
  };

/** What an agent sees, and what comes of a probe that it answers for. */
interface Seen {
  listener: Listener;
  asked: Asked[];
  results: Outcome['result'][] | undefined;
}

const CALLS: Call[] = [
  { number: NR.getpgid, args: [7] },
  { number: NR.umask, args: [0o22] },
];
const answerPgid = ({ number }: Asked): Answer => (number === NR.getpgid ? 4242 : 'continue');

/**
 * Answers for a program that `start` runs in the background; its argument is where a probe leaves its results. Then
 * there is a listener, and `go` is called.
 */
async function serve(
  agent: Agent,
  answer: (asked: Asked) => Answer,
  start: (fd: number) => ReturnType<typeof background>,
  go = () => {},
): Promise<Seen> {
  let done: Promise<Result> | undefined;
  let seen: Omit<Seen, 'results'> | undefined;
  const found = outcomes((fd) => {
    done = start(fd).done;
    const listener = agent.receive();
    go();
    seen = { listener, asked: listener.serve(answer) };
  });
  const { status, stderr } = (await done) as Result;
  if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
  return { ...(seen as Omit<Seen, 'results'>), results: found?.map(({ result }) => result) };
}

/** A bundle with a probe of CALLS as its program. */
function probeBundle(change: Change): string {
  const bundle = makeBundle((config) => {
    config.process.args = ['/probe'];
    change(config);
  });
  putProbe(bundle, CALLS);
  return bundle;
}

/** What comes of CALLS in a container that runs in the foreground. */
function probe(agent: Agent, change: Change, answer = answerPgid): Promise<Seen> {
  const bundle = probeBundle(change);
  const flags = ['run', '--preserve-fds', '1'];
  return serve(agent, answer, (fd) => background([...flags, newId()], { bundle, fds: [fd] }));
}

t.test('run: the agent decides, with and without noNewPrivileges', async (t) => {
  using agent = new Agent();
  for (const noNewPrivileges of [true, false]) {
    const seen = await probe(agent, profile(notify(agent.path, ['getpgid']), noNewPrivileges));
    t.same(seen.results, [4242, 0o22], "its value, and the kernel's");
    t.match(seen.asked, [{ number: NR.getpgid, args: [7n] }], 'it was asked once');
    const { state, pid, ...rest } = seen.listener.state;
    t.match(rest, { ociVersion: /^1\./, fds: ['seccompFd'], metadata: 'what the agent wants' });
    t.equal(state.pid, pid, 'of the first process');
    t.match(state, { ociVersion: /^1\./, id: /./, bundle: /./, annotations: { 'org.example.key': 'value' } });
  }
});

// runc loads the filter when it creates a container: what it itself does until the program runs is asked about, too.
t.test('create and start', async (t) => {
  using agent = new Agent();
  const bundle = probeBundle(profile(notify(agent.path, ['getpgid'])));
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  const isLate = runtime.kind === 'trunc';
  const started = (fd: number) => {
    const created = background(['create', '--preserve-fds', '1', id], { bundle, fds: [fd] });
    if (!isLate) return created;
    waitFor(id, 'created');
    t.notOk(agent.isCalled, 'an agent that serves one after the other is not kept waiting');
    return background(['start', id]);
  };
  const go = () => {
    if (isLate) return;
    waitFor(id, 'created');
    succeed(['start', id]);
  };
  const seen = await serve(agent, answerPgid, started, go);
  t.same(seen.results, [4242, 0o22]);
  const { pid } = seen.listener.state;
  t.match(seen.listener.state.state, { id, bundle, pid, status: isLate ? 'created' : 'creating' });
});

t.test('exec: a listener of its own for every process', async (t) => {
  using agent = new Agent();
  const { id, pid, bundle } = running(t, profile(notify(agent.path, ['getpgid'])));
  const first = agent.receive();
  putProbe(bundle, CALLS);
  const seen = await serve(agent, answerPgid, (fd) =>
    background(['exec', '--preserve-fds', '1', id, '/probe'], { fds: [fd] }),
  );
  t.same(seen.results, [4242, 0o22]);
  t.match(seen.listener.state, { fds: ['seccompFd'], metadata: 'what the agent wants' });
  t.match(seen.listener.state.state, { id, status: 'running', pid });
  t.not(seen.listener.state.pid, pid, 'the new process');
  first.fd.close();
});

t.test('an errno', async (t) => {
  using agent = new Agent();
  const seen = await probe(agent, profile(notify(agent.path, ['getpgid'])), () => -77);
  t.same(seen.results, [-77, 0o22]);
});

t.test('a user of a user namespace', async (t) => {
  using agent = new Agent();
  for (const noNewPrivileges of [true, false]) {
    const seen = await probe(agent, (config) => {
      profile(notify(agent.path, ['getpgid']), noNewPrivileges)(config);
      withUserNamespace(config);
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = {};
    });
    t.same(seen.results, [4242, 0o22], String(noNewPrivileges));
  }
});

t.test('the program does not have the listener', async (t) => {
  using agent = new Agent();
  const change = profile(notify(agent.path, ['getpgid']));
  // 3 is the directory that ls reads.
  t.equal(inside(change, 'ls /proc/self/fd'), '0\n1\n2\n3');
  const limited: Change = (config) => {
    change(config);
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 20, hard: 30 }];
  };
  t.equal(inside(limited, 'ulimit -n; ulimit -Hn'), '20\n30', 'and has its limit of them');
});

// runc itself needs more.
t.test('a limit that leaves no room for the listener', only('trunc'), async (t) => {
  using agent = new Agent();
  for (const soft of [4, 20]) {
    const change: Change = (config) => {
      profile(notify(agent.path, ['getpgid', 'prlimit64']), false)(config);
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft, hard: 20 }];
    };
    const seen = await probe(agent, change);
    t.same(seen.results, [4242, 0o22]);
    t.match(seen.asked, [{ number: NR.getpgid }]);
    t.equal(seen.asked.length, 1, 'about the program alone');
  }
});

t.test('with hooks', async (t) => {
  using agent = new Agent();
  const output = join(temp, newId());
  const seen = await probe(agent, (config) => {
    profile(notify(agent.path, ['getpgid']))(config);
    const args = ['sh', '-c', `echo here >> ${output}`];
    config.hooks = {
      startContainer: [{ path: '/bin/true' }],
      poststart: [{ path: '/bin/sh', args }],
    };
  });
  t.same(seen.results, [4242, 0o22]);
  t.ok(existsSync(output));
});

// runc and crun pass the listener on in create.
t.test('a start that may not take the listener', only('trunc', 'setpriv'), async (t) => {
  using agent = new Agent();
  const { id } = create(t, (config) => {
    profile(notify(agent.path, ['getpgid']))(config);
    const all = ['CAP_KILL', 'CAP_SYS_PTRACE'];
    config.process.capabilities = { bounding: all, permitted: all, effective: all };
  });
  const wrapper = ['setpriv', '--bounding-set=-sys_ptrace'];
  const text = /^trunc: linux\.seccomp: this process may not take .*: operation not permitted \(start needs /;
  refused(t, run(['start', id], { wrapper }), text);
  t.equal(state(id), undefined, 'as with any failure between create and the program');
});

// runc refuses both: what it does itself would have to be answered before there is somebody to do so.
t.test('everything is asked about, and nothing but what the program does', only('trunc'), async (t) => {
  using agent = new Agent();
  for (const noNewPrivileges of [true, false]) {
    const all = notify(agent.path, [], { defaultAction: 'SCMP_ACT_NOTIFY', syscalls: [] });
    const seen = await probe(agent, profile(all, noNewPrivileges));
    t.same(seen.results, [4242, 0o22]);
    const numbers = seen.asked.map(({ number }) => number);
    const calls = CALLS.flatMap(({ number }) => [NR.vfork, number, NR.exit_group, NR.wait4]);
    t.same(numbers.sort(), [NR.execve, ...calls, NR.write, NR.exit_group].sort());
    t.match(seen.asked[0], { number: NR.execve, pid: seen.listener.state.pid });
  }
  const own = ['write', 'sendmsg', 'read', 'capset'];
  const seen = await probe(agent, profile(notify(agent.path, own), false));
  t.match(seen.asked, [{ number: NR.write }]);
  t.equal(seen.asked.length, 1);
});

// runc's own last steps are none of a container that can do so little.
t.test('a profile of what the program needs', only('trunc'), async (t) => {
  using agent = new Agent();
  for (const noNewPrivileges of [true, false]) {
    const strict = notify(agent.path, ['getpgid'], {
      defaultAction: 'SCMP_ACT_KILL_PROCESS',
      syscalls: [
        { names: ['getpgid', 'umask'], action: 'SCMP_ACT_NOTIFY' },
        { names: ['execve', 'vfork', 'wait4', 'write', 'exit_group'], action: 'SCMP_ACT_ALLOW' },
      ],
    });
    const seen = await probe(agent, profile(strict, noNewPrivileges));
    t.same(seen.results, [4242, 0o22]);
  }
});

// runc 1.1.5 knows neither.
t.test('flags', only('trunc'), async (t) => {
  using agent = new Agent();
  const flags = ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 'SECCOMP_FILTER_FLAG_LOG'] as const;
  const seen = await probe(agent, profile(notify(agent.path, ['getpgid'], { flags })));
  t.same(seen.results, [4242, 0o22]);
  t.equal(
    inside(profile({ defaultAction: 'SCMP_ACT_LOG', flags }), 'echo there'),
    'there',
    'without a listener',
  );
});

// runc looks for it where it is called.
t.test('a relative path is in the bundle', only('trunc'), async (t) => {
  const bundle = probeBundle(profile(notify('agent.sock', ['getpgid'])));
  using agent = new Agent(join(bundle, 'agent.sock'));
  const seen = await serve(agent, answerPgid, (fd) =>
    background(['run', '--preserve-fds', '1', newId()], { bundle, fds: [fd] }),
  );
  t.same(seen.results, [4242, 0o22]);
});

// runc keeps no compiled profile.
t.test('a compiled profile is used for every agent and its data', only('trunc'), async (t) => {
  const root = join(temp, newId());
  for (const listenerMetadata of ['one', 'two']) {
    using agent = new Agent();
    const bundle = probeBundle(profile(notify(agent.path, ['getpgid'], { listenerMetadata })));
    const seen = await serve(agent, answerPgid, (fd) =>
      background(['run', '--preserve-fds', '1', newId()], { bundle, fds: [fd], globals: ['--root', root] }),
    );
    t.equal(seen.listener.state.metadata, listenerMetadata);
  }
  t.equal(readdirSync(join(root, '@seccomp')).length, 1);
});

t.test('nobody is there', async (t) => {
  const gone = join(temp, newId());
  const missing = attempt(profile(notify(gone, ['getpgid'])), 'true');
  t.not(missing.status, 0);
  const file = join(temp, newId());
  writeFileSync(file, '');
  const wrong = attempt(profile(notify(file, ['getpgid'])), 'true');
  t.not(wrong.status, 0);
  new Agent(gone)[Symbol.dispose]();
  const refused = attempt(profile(notify(gone, ['getpgid'])), 'true');
  t.not(refused.status, 0);
  if (runtime.kind !== 'trunc') return;
  t.match(missing.stderr, /linux\.seccomp\.listenerPath: .*no such file or directory.*is the agent running/);
  t.match(wrong.stderr, /linux\.seccomp\.listenerPath: .* is no socket/);
  t.match(refused.stderr, /linux\.seccomp\.listenerPath: .*connection refused/);

  const { id } = create(t, profile(notify(gone, ['getpgid'])));
  const started = run(['start', id]);
  t.match(started, { status: 1, stderr: /linux\.seccomp\.listenerPath: .*connection refused/ });
  t.equal(state(id), undefined, 'as when a hook fails');
});

// runc tells the agent, too.
t.test('exec without an agent', async (t) => {
  const agent = new Agent();
  const { id } = running(t, profile(notify(agent.path, ['getpgid'])));
  agent[Symbol.dispose]();
  const { status, stderr } = run(['exec', id, 'true']);
  t.equal(status, 255);
  if (runtime.kind === 'trunc') t.match(stderr, /linux\.seccomp\.listenerPath: .*connection refused/);
  t.equal(state(id)?.status, 'running', 'the container goes on');
});

// runc is done with the agent by then.
t.test('start is killed while the agent keeps it waiting', only('trunc'), async (t) => {
  using agent = new Agent();
  const { id, pid } = create(t, profile(notify(agent.path, ['getpgid'])));
  // As many as the socket takes: the next one has to wait.
  const others = Array.from({ length: 9 }, () => connectSocket(agent.path));
  const { child, done } = background(['start', id]);
  const CONNECT = 42;
  until('start to wait', () => readFileSync(`/proc/${child.pid}/syscall`, 'utf8').startsWith(`${CONNECT} `));
  t.equal(state(id)?.pid, pid, 'so does the container');
  child.kill('SIGKILL');
  await done;
  waitFor(id, 'stopped');
  for (const other of others) other.close();
});

// runc asks the agent about its own execve, and its error goes nowhere.
t.test('an agent that does not let the program start', only('trunc'), async (t) => {
  using agent = new Agent();
  for (const action of ['run', 'start']) {
    const bundle = probeBundle(profile(notify(agent.path, ['execve'])));
    const id = newId();
    t.teardown(() => void run(['delete', '--force', id]));
    if (action === 'start') succeed(['create', id], { bundle });
    const { done } = action === 'run' ? background(['run', id], { bundle }) : background(['start', id]);
    agent.receive().serve(() => -EACCES);
    t.match(await done, { status: 255, stderr: /exec \/probe: permission denied/ });
    t.equal(state(id), undefined);
  }
});

// runc 1.1.5 lists no such flag.
t.test('features', only('trunc'), async (t) => {
  const { linux } = JSON.parse(succeed(['features']).stdout);
  t.ok(linux.seccomp.actions.includes('SCMP_ACT_NOTIFY'));
  t.ok(linux.seccomp.supportedFlags.includes('SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'));
});

t.test('nothing is left', nothingLeft);
