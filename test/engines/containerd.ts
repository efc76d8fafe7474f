import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { V1 } from '../helpers/cgroup.ts';
import { IMAGE, startContainerd } from '../helpers/containerd.ts';
import { type CallOptions, CGROUP, call, enterLab, RUNTIME, remains, shell, traces } from '../helpers/lab.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';

await enterLab('containerd', 'ctr', 'containerd-shim-runc-v2', 'script');

const daemon = startContainerd();

function ctr(args: string[], options: CallOptions = {}): string {
  return call('ctr', args, options).stdout.trimEnd();
}
const BINARY = ['--runc-binary', RUNTIME];

/** What a script prints in a container that is removed at its end. */
function inside(flags: string[], script: string | string[], options: CallOptions = {}): string {
  const command = typeof script === 'string' ? ['sh', '-c', script] : script;
  return ctr(['run', '--rm', ...BINARY, ...flags, IMAGE, newId(), ...command], options);
}

/** The row of a task in `ctr task ls`: its pid and status. */
function task(id: string): { pid?: string | undefined; status?: string | undefined } {
  const row = ctr(['task', 'ls'])
    .split('\n')
    .map((line) => line.split(/ +/))
    .find(([name]) => name === id);
  return { pid: row?.[1], status: row?.[2] };
}

/** A task in the background that ends with 3 on SIGTERM; its name. */
function up(t: Test, flags: string[] = []): string {
  const id = newId();
  t.teardown(() => {
    ctr(['task', 'rm', '-f', id], { status: null });
    ctr(['container', 'rm', id], { status: null });
  });
  const script = 'trap "exit 3" TERM; sleep 1000 & wait';
  ctr(['run', '-d', ...BINARY, ...flags, IMAGE, id, 'sh', '-c', script]);
  t.equal(task(id).status, 'RUNNING');
  return id;
}

interface Case {
  name: string;
  flags?: string[];
  run: string | string[];
  prints?: string | RegExp;
  status?: number;
}
const status = (field: string) => `grep ^${field}: /proc/self/status | cut -f2`;
const profile = join(temp, 'profile.json');
writeFileSync(
  profile,
  JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
  }),
);
const MEMORY = V1 ? 'memory/memory.limit_in_bytes' : 'memory.max';
const QUOTA = V1 ? 'cpu/cpu.cfs_quota_us' : 'cpu.max';

const CASES: Case[] = [
  { name: 'a program', run: ['echo', 'a', 'b'], prints: 'a b' },
  { name: 'the settings of the image', run: 'echo $IMAGE $PWD', prints: 'bb /home' },
  { name: 'exit status', run: 'exit 42', status: 42 },
  { name: 'no such program', run: ['no-such'], status: 1 },
  { name: '--env, --cwd', flags: ['--env', 'A=1', '--cwd', '/tmp'], run: 'echo $A $PWD', prints: '1 /tmp' },
  { name: '--read-only', flags: ['--read-only'], run: 'touch /f', status: 1 },
  { name: '--net-host', flags: ['--net-host'], run: 'ls /sys/class/net', prints: /^lo$/m },
  {
    name: '--mount',
    flags: ['--mount', `type=bind,src=${temp}/image,dst=/v,options=rbind:ro`],
    run: 'ls /v/bin/sh; touch /v/f',
    prints: '/v/bin/sh',
    status: 1,
  },
  {
    name: '--mount of a tmpfs',
    flags: ['--mount', 'type=tmpfs,dst=/t,options=size=1m'],
    run: 'grep -c " /t tmpfs .*size=1024k" /proc/mounts',
    prints: '1',
  },
  {
    name: '--memory-limit',
    flags: ['--memory-limit', '67108864', '--mount', 'type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro'],
    run: `cat /sys/fs/cgroup/${MEMORY}`,
    prints: '67108864',
  },
  { name: 'over its memory', flags: ['--memory-limit', '33554432'], run: ['tail', '/dev/zero'], status: 137 },
  {
    name: '--cpus',
    flags: ['--cpus', '0.5', '--mount', 'type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro'],
    run: `cat /sys/fs/cgroup/${QUOTA}`,
    prints: /^50000/,
  },
  {
    name: '--cap-add',
    flags: ['--cap-add', 'CAP_NET_ADMIN'],
    run: 'ip link set lo mtu 1000; cat /sys/class/net/lo/mtu',
    prints: '1000',
  },
  { name: '--cap-drop', flags: ['--cap-drop', 'CAP_CHOWN'], run: 'chown 1000 /tmp', status: 1 },
  {
    name: '--privileged',
    flags: ['--privileged'],
    run: 'mkdir /m && mount -t tmpfs none /m && echo done',
    prints: 'done',
  },
  { name: 'no new privileges', run: status('NoNewPrivs'), prints: '1' },
  { name: '--allow-new-privs', flags: ['--allow-new-privs'], run: status('NoNewPrivs'), prints: '0' },
  { name: '--seccomp', flags: ['--seccomp'], run: status('Seccomp'), prints: '2' },
  {
    name: '--seccomp-profile',
    flags: ['--seccomp', '--seccomp-profile', profile],
    run: 'mkdir /new',
    status: 1,
  },
  {
    name: '--uidmap',
    flags: ['--uidmap', '0:300000:70000', '--gidmap', '0:300000:70000'],
    run: 'id -u; touch /f; tr -s " " </proc/self/uid_map',
    prints: '0\n 0 300000 70000',
  },
  {
    name: '--rootfs-propagation',
    flags: ['--rootfs-propagation', 'rslave'],
    run: 'grep -c " / / .*master:" /proc/self/mountinfo',
    prints: '1',
  },
  { name: '--runc-root', flags: ['--runc-root', '/run/elsewhere'], run: 'echo there', prints: 'there' },
];

for (const { name, flags = [], run, prints, status = 0 } of CASES)
  t.test(`run: ${name}`, async (t) => {
    const text = inside(flags, run, { status });
    if (typeof prints === 'string') t.equal(text, prints);
    else if (prints) t.match(text, prints);
    else t.pass(`exit ${status}`);
  });

t.test('run --rootfs, --no-pivot', async (t) => {
  const rootfs = join(temp, 'image');
  for (const flags of [[], ['--no-pivot']]) {
    const line = ['run', '--rm', ...BINARY, ...flags, '--rootfs', rootfs, newId()];
    t.equal(ctr([...line, '/bin/busybox', 'echo', 'hi']), 'hi');
  }
});

t.test('on a terminal', async (t) => {
  const line = [
    'ctr',
    'run',
    '--rm',
    ...BINARY,
    '-t',
    IMAGE,
    newId(),
    'sh',
    '-c',
    '"sleep 0.5; tty; stty size"',
  ];
  const script = `stty rows 33 cols 99; ${line.join(' ')}`;
  const seen = shell(`sleep 5 | script -qec '${script}' /dev/null`).replaceAll('\r', '');
  t.match(seen, /^\/dev\/pts\/0\n33 99$/m);
});

t.test('kill, delete', async (t) => {
  const id = up(t);
  t.not(call('ctr', ['task', 'rm', id], { status: null }).status, 0, 'not while it runs');
  ctr(['task', 'kill', id]);
  until('its end', () => task(id).status === 'STOPPED');
  t.match(call('ctr', ['task', 'rm', id], { status: null }).stderr, /non-zero exit code 3/);
  const other = up(t);
  ctr(['task', 'exec', '-d', '--exec-id', 'e', other, 'sleep', '1001']);
  ctr(['task', 'kill', '-a', '-s', 'KILL', other]);
  until(
    'the end of all',
    () => task(other).status === 'STOPPED' && shell('pgrep -fc "^sleep 1001" || true') === '0',
  );
});

t.test('pause, resume', async (t) => {
  const id = up(t);
  ctr(['task', 'pause', id]);
  t.equal(task(id).status, 'PAUSED');
  ctr(['task', 'resume', id]);
  t.equal(task(id).status, 'RUNNING');
});

t.test('metrics, ps, update', async (t) => {
  const id = up(t, ['--memory-limit', '67108864']);
  const metrics = JSON.parse(ctr(['task', 'metrics', '--format', 'json', id]));
  t.equal(Number(metrics.pids.current), 2);
  t.equal(Number(V1 ? metrics.memory.usage.limit : metrics.memory.usage_limit), 67108864);
  t.match(ctr(['task', 'ps', id]), new RegExp(`^${task(id).pid}\\b`, 'm'));
});

t.test('exec', async (t) => {
  const id = up(t);
  const exec = (flags: string[], command: string[], options: CallOptions = {}) =>
    ctr(['task', 'exec', '--exec-id', newId(), ...flags, id, ...command], options);
  t.equal(exec([], ['cat', '/proc/1/comm']), 'sh');
  t.equal(exec(['--user', 'user', '--cwd', '/tmp'], ['sh', '-c', 'id -u; pwd']), '1000\n/tmp');
  exec([], ['sh', '-c', 'exit 9'], { status: 9 });
  t.not(call('ctr', ['task', 'exec', '--exec-id', 'x', id, 'no-such'], { status: null }).status, 0);
  t.equal(task(id).status, 'RUNNING');
});

t.test('events', async (t) => {
  const file = join(temp, 'events');
  shell(`timeout 30 ctr events >${file} 2>&1 & sleep 0.5`);
  inside(['--memory-limit', '33554432'], ['tail', '/dev/zero'], { status: 137 });
  // containerd 1 tells of /tasks/delete, too.
  const all = ['tasks/create', 'tasks/start', 'tasks/oom', 'tasks/exit', 'containers/delete'];
  until('them', () => all.every((event) => shell(`cat ${file}`).includes(`/${event} `)));
  t.pass(all.join(', '));
});

t.test('in the cgroup that is asked for', async (t) => {
  const id = up(t, ['--cgroup', `${CGROUP}/other`]);
  t.match(shell(`cat /proc/${task(id).pid}/cgroup`), new RegExp(`:${CGROUP}/other$`, 'm'));
});

t.test('namespaces of another container', async (t) => {
  const pid = task(up(t)).pid;
  const kinds = { network: 'net', ipc: 'ipc', pid: 'pid' };
  for (const [kind, file] of Object.entries(kinds)) {
    const seen = inside(['--with-ns', `${kind}:/proc/${pid}/ns/${file}`], `readlink /proc/self/ns/${file}`);
    t.equal(seen, shell(`readlink /proc/${pid}/ns/${file}`), kind);
  }
});

t.test('nothing is left of a container', async (t) => {
  const id = up(t);
  t.not(traces(id).length, 0);
  ctr(['task', 'rm', '-f', id], { status: null });
  ctr(['container', 'rm', id]);
  until('all to be gone', () => traces(id).length === 0);
  t.same(traces(id), []);
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
