import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import t from 'tap';
import type { Change } from '../helpers/bundle.ts';
import { withUserNamespace } from '../helpers/bundle.ts';
import { isSince, only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, run, running } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

suite('root');

const withProcess =
  (properties: object): Change =>
  (config) =>
    void Object.assign(config.process, properties);
const withLinux =
  (properties: object): Change =>
  (config) =>
    void Object.assign(config.linux, properties);
const both =
  (...changes: Change[]): Change =>
  (config) => {
    for (const change of changes) change(config);
  };

// Fields of /proc/PID/stat: nice, realtime priority, policy, of the shell itself.
const SCHEDULING = "cut -d' ' -f19,40,41 /proc/$$/stat";
const POLICY = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5, deadline: 6 };
const scheduler = (properties: object): Change => withProcess({ scheduler: properties });

t.test('scheduler', only(['trunc', 'newer runc']), async (t) => {
  const cases: [object, string][] = [
    [{ policy: 'SCHED_OTHER', nice: 7 }, `7 0 ${POLICY.other}`],
    [{ policy: 'SCHED_OTHER', nice: -5 }, `-5 0 ${POLICY.other}`],
    [{ policy: 'SCHED_BATCH', nice: 19 }, `19 0 ${POLICY.batch}`],
    [{ policy: 'SCHED_IDLE' }, `0 0 ${POLICY.idle}`],
  ];
  for (const [properties, expected] of cases)
    t.equal(inside(scheduler(properties), SCHEDULING), expected, JSON.stringify(properties));
});

/** Who runs the tests may be nice already. */
const NICE_9 = ['nice', '-n', String(9 - getPriority())];

t.test('the specification has 0 for what is not set', only(['trunc', 'newer runc']), async (t) => {
  const wrapper = NICE_9;
  t.equal(
    inside(() => {}, SCHEDULING, { wrapper }),
    `9 0 ${POLICY.other}`,
    'without scheduler, as the caller',
  );
  t.equal(inside(scheduler({ policy: 'SCHED_BATCH' }), SCHEDULING, { wrapper }), `0 0 ${POLICY.batch}`);
});

// runc and crun may not any more.
t.test('the privileges are the host’s, not those of a user namespace', only('trunc'), async (t) => {
  const change = both(withUserNamespace, scheduler({ policy: 'SCHED_BATCH', nice: -3 }), (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  });
  t.equal(inside(change, SCHEDULING), `-3 0 ${POLICY.batch}`);
});

t.test('RESET_ON_FORK', only(['trunc', 'newer runc']), async (t) => {
  const child = `${SCHEDULING}; cut -d' ' -f19,40,41 /proc/self/stat; true`;
  const properties = { policy: 'SCHED_BATCH', nice: -3 };
  t.equal(inside(scheduler(properties), child), `-3 0 ${POLICY.batch}\n-3 0 ${POLICY.batch}`);
  const flags = ['SCHED_FLAG_RESET_ON_FORK'];
  t.equal(inside(scheduler({ ...properties, flags }), child), `-3 0 ${POLICY.batch}\n0 0 ${POLICY.batch}`);
});

t.test('KEEP_POLICY and KEEP_PARAMS: what the caller has', only(['trunc', 'newer runc']), async (t) => {
  const wrapper = NICE_9;
  const seen = (...flags: string[]) =>
    inside(scheduler({ policy: 'SCHED_BATCH', nice: 3, flags }), SCHEDULING, { wrapper });
  t.equal(seen(), `3 0 ${POLICY.batch}`);
  t.equal(seen('SCHED_FLAG_KEEP_POLICY'), `3 0 ${POLICY.other}`);
  // The kernel takes the policy for one of the parameters.
  t.equal(seen('SCHED_FLAG_KEEP_PARAMS'), `9 0 ${POLICY.other}`);
});

// runc has other words.
t.test('clamps of utilization', only('trunc'), async (t) => {
  const flags = ['SCHED_FLAG_UTIL_CLAMP_MIN', 'SCHED_FLAG_UTIL_CLAMP_MAX'];
  const change = scheduler({ policy: 'SCHED_BATCH', flags });
  if (existsSync('/proc/sys/kernel/sched_util_clamp_min'))
    t.equal(inside(change, SCHEDULING), `0 0 ${POLICY.batch}`);
  else
    refused(
      t,
      attempt(change, 'true'),
      /process\.scheduler: set SCHED_BATCH: .*not supported .*CONFIG_UCLAMP_TASK/,
    );
});

t.test('realtime policies', only(['trunc', 'newer runc']), async (t) => {
  const seen = (properties: object) =>
    inside((config) => {
      scheduler(properties)(config);
      // Where realtime is shared out by cgroups (version 1, CONFIG_RT_GROUP_SCHED), a new one has none.
      if (!existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us')) return;
      config.linux.cgroupsPath = `/${newId()}`;
      config.linux.resources = { cpu: { realtimeRuntime: 10_000 } };
    }, SCHEDULING);
  t.equal(seen({ policy: 'SCHED_FIFO', priority: 42 }), `0 42 ${POLICY.fifo}`);
  t.equal(seen({ policy: 'SCHED_RR', priority: 1 }), `0 1 ${POLICY.rr}`);
});

t.test('SCHED_DEADLINE', only(['trunc', 'newer runc']), async (t) => {
  const properties = {
    policy: 'SCHED_DEADLINE',
    runtime: 1_000_000,
    deadline: 10_000_000,
    period: 20_000_000,
  };
  const { pid } = running(t, scheduler({ ...properties, nice: 19, flags: ['SCHED_FLAG_RESET_ON_FORK'] }));
  const { stdout } = spawnSync('chrt', ['--pid', String(pid)], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  t.match(stdout, /policy: SCHED_DEADLINE\|SCHED_RESET_ON_FORK$/m);
  t.match(stdout, /: 1000000\/10000000\/20000000$/m);
});

/** The flags of a process in the kernel, by sched_getattr(2), in which chrt leaves some out. */
function schedulerFlags(pid: number): number {
  const call = process.arch === 'arm64' ? 275 : 315;
  const script = `my $a = "\\0" x 64; syscall(${call}, ${pid}, $a, 64, 0) == 0 or die $!; print unpack("x8 Q", $a)`;
  const { status, stdout, stderr } = spawnSync('perl', ['-e', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

t.test('RECLAIM and DL_OVERRUN', only(['trunc', 'newer runc'], 'perl'), async (t) => {
  const flags = ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN'];
  const properties = { policy: 'SCHED_DEADLINE', runtime: 1_000_000, deadline: 10_000_000 };
  for (const set of [flags, flags.slice(1), []]) {
    const { id, pid } = running(t, scheduler({ ...properties, flags: set }));
    t.equal(schedulerFlags(pid), set.length === 2 ? 6 : set.length === 1 ? 4 : 0, set.join());
    run(['delete', '--force', id]);
  }
});

// runc has other words.
t.test('what the kernel refuses', only('trunc'), async (t) => {
  // A deadline in less than 100 microseconds (kernel.sched_deadline_period_min_us).
  const properties = { policy: 'SCHED_DEADLINE', runtime: 1024, deadline: 2048 };
  refused(
    t,
    attempt(scheduler(properties), 'true'),
    /process\.scheduler: set SCHED_DEADLINE: .*invalid argument/,
  );
});

// runc may not any more in a user namespace.
t.test('ioPriority', only('trunc'), async (t) => {
  const ionice = (ioPriority?: object) =>
    inside(ioPriority ? withProcess({ ioPriority }) : () => {}, ['/bin/busybox', 'ionice']);
  t.equal(ionice({ class: 'IOPRIO_CLASS_IDLE' }), 'idle');
  t.equal(ionice({ class: 'IOPRIO_CLASS_BE', priority: 6 }), 'best-effort: prio 6');
  t.equal(ionice({ class: 'IOPRIO_CLASS_RT', priority: 2 }), 'realtime: prio 2');
  t.match(ionice(), /^none/);
  const change = both(
    withUserNamespace,
    withProcess({ ioPriority: { class: 'IOPRIO_CLASS_RT', priority: 1 } }),
  );
  t.equal(inside(change, ['/bin/busybox', 'ionice']), 'realtime: prio 1', 'in a user namespace');
});

t.test('ioPriority is not its caller’s', only(['trunc', 'newer runc']), async (t) => {
  const wrapper = ['sh', '-c', '"$@"; ionice -p $$ >&2', 'sh'];
  const change = withProcess({ ioPriority: { class: 'IOPRIO_CLASS_IDLE' } });
  t.match(attempt(change, 'true', { wrapper }).stderr, /^none/);
});

const CPUS = 'grep Cpus_allowed_list /proc/self/status | cut -f2';
const ownCpus = /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];

t.test(
  'the CPUs are those of the cgroup, not those that the caller keeps itself to',
  only(['trunc', 'newer runc']),
  async (t) => {
    const wrapper = ['taskset', '1'];
    t.equal(
      inside(() => {}, CPUS, { wrapper }),
      ownCpus,
    );
    t.equal(inside(both(withUserNamespace), CPUS, { wrapper }), ownCpus, 'in a user namespace');
  },
);

t.test('cpu.cpus is not undone', async (t) => {
  const change: Change = (config) => {
    config.linux.resources = { cpu: { cpus: '0' } };
  };
  t.equal(inside(change, CPUS), '0');
});

t.test('execCPUAffinity is for those who enter later', only(['trunc', 'newer runc']), async (t) => {
  const change = withProcess({ execCPUAffinity: { initial: '0', final: '0' } });
  t.equal(inside(change, CPUS), ownCpus);
});

const personality = (properties: object): Change => withLinux({ personality: properties });

t.test('personality', only(['trunc', 'crun']), async (t) => {
  const seen = (change: Change, options = {}) =>
    inside(change, 'uname -m; cut -c 5- /proc/self/personality', options);
  const machine = process.arch === 'arm64' ? 'armv8l' : 'i686';
  t.equal(seen(personality({ domain: 'LINUX32' })), `${machine}\n0008`);
  t.match(seen(personality({ domain: 'LINUX', flags: [] })), /^(x86_64|aarch64)\n0000$/);
});

t.test('personality of the caller', only(['trunc', 'newer runc']), async (t) => {
  const wrapper = ['setarch', '--addr-no-randomize'];
  const seen = (change: Change) => inside(change, 'cat /proc/self/personality', { wrapper });
  t.equal(
    seen(() => {}),
    '00040000',
    'stays when there is none of its own',
  );
  t.equal(seen(personality({ domain: 'LINUX' })), '00000000');
});

const memoryPolicy = (properties: object): Change => withLinux({ memoryPolicy: properties });

// runc has it since 1.4.
t.test('memoryPolicy', only('trunc'), async (t) => {
  const policies = (properties: object) =>
    inside(memoryPolicy(properties), "cut -d' ' -f2 /proc/self/numa_maps | sort -u");
  const cases: [object, string][] = [
    [{ mode: 'MPOL_DEFAULT' }, 'default'],
    [{ mode: 'MPOL_BIND', nodes: '0' }, 'bind:0'],
    [{ mode: 'MPOL_BIND', nodes: ' 0-0 ', flags: ['MPOL_F_STATIC_NODES'] }, 'bind=static:0'],
    [{ mode: 'MPOL_INTERLEAVE', nodes: '0' }, 'interleave:0'],
    [{ mode: 'MPOL_INTERLEAVE', nodes: '0', flags: ['MPOL_F_RELATIVE_NODES'] }, 'interleave=relative:0'],
    [{ mode: 'MPOL_PREFERRED', nodes: '0' }, 'prefer:0'],
    [{ mode: 'MPOL_PREFERRED', nodes: '' }, 'local'],
    [{ mode: 'MPOL_LOCAL' }, 'local'],
  ];
  for (const [properties, expected] of cases)
    t.equal(policies(properties), expected, JSON.stringify(properties));
});

t.test('memoryPolicy with newer modes', only('trunc'), async (t) => {
  // Words with a space in them, the way the kernel writes them.
  const seen = (properties: object) => inside(memoryPolicy(properties), 'head -n 1 /proc/self/numa_maps');
  t.match(seen({ mode: 'MPOL_PREFERRED_MANY', nodes: '0' }), / prefer \(many\):0 /);
  if (isSince(6, 9))
    t.match(seen({ mode: 'MPOL_WEIGHTED_INTERLEAVE', nodes: '0' }), / weighted interleave:0 /);
  t.match(seen({ mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_NUMA_BALANCING'] }), / bind(=balancing)?:0 /);
});

// runc 1.1.5 has no memory policies, and 1.5 does not name the field.
t.test('memoryPolicy that cannot be', only('trunc'), async (t) => {
  const error = /linux\.memoryPolicy: set MPOL_BIND 1000: .*invalid argument/;
  refused(
    t,
    attempt(memoryPolicy({ mode: 'MPOL_BIND', nodes: '1000' }), 'true'),
    error,
    'a node that is not there',
  );
  if (isSince(6, 9)) return;
  const newer = attempt(memoryPolicy({ mode: 'MPOL_WEIGHTED_INTERLEAVE', nodes: '0' }), 'true');
  refused(
    t,
    newer,
    /linux\.memoryPolicy: set MPOL_WEIGHTED_INTERLEAVE 0: .*invalid argument/,
    'a mode of Linux 6.9',
  );
});

t.test('it is all there before the container is started', only(['trunc', 'newer runc']), async (t) => {
  const change = both(
    scheduler({ policy: 'SCHED_IDLE' }),
    withProcess({ ioPriority: { class: 'IOPRIO_CLASS_IDLE' } }),
  );
  const { pid } = running(t, change);
  t.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[40], String(POLICY.idle));
});

t.test('nothing is left', nothingLeft);
