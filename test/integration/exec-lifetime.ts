import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { donor, enter } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, nothingLeft, run, running, runtime, state, succeed } from '../helpers/runtime.ts';
import { namespaceOf, root, until } from '../helpers/sandbox.ts';

suite('root');
// crun 1.8 takes less of config.json for exec (no user, no environment), and says 1 for its own failures.
if (runtime.kind === 'crun') {
  t.plan(0, 'only trunc, runc');
  process.exit(0);
}

t.test('many at once', async (t) => {
  const { id } = running(t);
  const all = await Promise.all(
    Array.from({ length: 12 }, (_, index) => background(['exec', id, 'sh', '-c', `exit ${index}`]).done),
  );
  t.same(
    all.map(({ status }) => status),
    all.map((_, index) => index),
  );
});

// runc 1.1.5 has other words, and now and then leaves a cgroup.
t.test('while the container is deleted: all of it or an error', only('trunc'), async (t) => {
  for (const pid of [true, false]) {
    for (let round = 0; round < 6; round++) {
      const { id } = running(t, (config) => {
        if (!pid) withoutNamespace(config, 'pid');
      });
      const execs = Array.from({ length: 4 }, () => background(['exec', id, 'sleep', '1000']).done);
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      const deleted = await background(['delete', '--force', id]).done;
      t.equal(deleted.status, 0, deleted.stderr);
      for (const { status, stderr } of await Promise.all(execs)) {
        t.ok(status === 137 || status === 255, `exit ${status}: ${stderr.trim()}`);
        t.match(stderr, /^(exec failed: [^\n]*(stopped|does not exist)[^\n]*\n)?$/);
      }
    }
  }
});

/** How many processes a pid namespace has. */
function membersOf(namespace: string): number {
  const isMember = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').filter(isMember).length;
}

async function ending(t: Test, change: Change): Promise<void> {
  const { id, pid } = running(t, change);
  const holder = background(['exec', id, 'sleep', '1000']);
  const count = () => JSON.parse(succeed(['ps', '--format', 'json', id]).stdout).length;
  until('its second process', () => count() === 2);
  // Nobody waits for the end of that process, for which the first one has to wait.
  holder.child.kill('SIGSTOP');
  const slowly = 'strace -f -qq -o /dev/null -e trace=setsid -e inject=setsid:delay_enter=1000000'.split(' ');
  const early = background(['exec', id, 'true'], { wrapper: slowly });
  until('its init', () => membersOf(namespaceOf(pid, 'pid')) === 3);
  succeed(['kill', id, 'KILL']);
  const late = background(['exec', id, 'true']);
  for (const { status, stderr } of [await early.done, await late.done]) {
    t.equal(status, 255);
    const said = stderr.replace(/^strace:.*\n/gm, '');
    t.equal(said, 'exec failed: cannot exec in a stopped container: container not running\n');
  }
  holder.child.kill('SIGCONT');
  t.equal((await holder.done).status, 137);
}

// runc 1.1.5 speaks of what it was at when it was killed.
for (const [name, change] of Object.entries({ '': () => {}, ', with a user namespace': withUserNamespace })) {
  const about = `while the container takes its time to end${name}`;
  t.test(about, only('trunc', 'strace'), (t) => ending(t, (config) => change(config)));
}

t.test('nobody else who has the pid by now is entered', async (t) => {
  const { id, pid } = running(t);
  // The record is about a process with another start time: as if the pid had been given away.
  const path = `${root}/${id}/state.json`;
  const record = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...record, init_process_start: record.init_process_start - 1 }));
  const { status, stderr } = run(['exec', id, 'true']);
  writeFileSync(path, JSON.stringify(record));
  t.equal(status, 255);
  t.match(stderr, /in a stopped container/);
  t.equal(state(id)?.pid, pid);
});

t.test('the program has the root that the first one has', async (t) => {
  const show = ['sh', '-c', 'ls -di /; ls /'];
  const pivot = running(t);
  const rootOf = (of: { pid: number }) => readlinkSync(`/proc/${of.pid}/root`);
  const plain = succeed(['exec', pivot.id, ...show]).stdout;
  t.match(plain, /\bbin\ndev\netc\nproc\nroot\nsys\ntmp\n$/);
  const moved = running(t, () => {}, ['--no-pivot']);
  t.match(
    succeed(['exec', moved.id, ...show]).stdout,
    /\bbin\ndev\netc\nproc\nroot\nsys\ntmp\n$/,
    '--no-pivot',
  );
  t.equal(rootOf(moved), '/');
  if (runtime.kind !== 'trunc') return;
  const other = donor(t, '--mount', '--propagation', 'private');
  const joined = running(t, (config) => enter(config, 'mount', `/proc/${other}/ns/mnt`));
  t.match(
    succeed(['exec', joined.id, ...show]).stdout,
    /\bbin\ndev\netc\nproc\nroot\nsys\ntmp\n$/,
    'joined by path',
  );
});

t.test('the session keyring is that of the container', async (t) => {
  const keyring = "tr -s ' ' < /proc/keys | grep";
  const { id } = running(t);
  // Number, flags, uses …
  const look = (): string[][] =>
    succeed(['exec', id, 'sh', '-c', `${keyring} _ses.${id}:`])
      .stdout.trim()
      .split('\n')
      .map((line) => line.split(' '));
  const [first, ...more] = look();
  t.same(more, [], 'there is one of that name');
  const uses = () => Number(look()[0]?.[2]);
  // Who has just ended counts until the kernel comes to it.
  const before = Math.min(...Array.from({ length: 5 }, uses));
  const waiting = Array.from({ length: 10 }, () => background(['exec', id, 'sleep', '1000']));
  until('more uses of it', () => uses() > before + 5);
  t.equal(look()[0]?.[0], first?.[0]);
  succeed(['delete', '--force', id]);
  await Promise.all(waiting.map(({ done }) => done));
});

t.test('nothing is left', nothingLeft);
