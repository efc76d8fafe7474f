// Profiles from a seed, loaded by trunc and by runc: a program inside makes every system call, and must get the same.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Seccomp, SeccompArgument } from '../../src/spec/config.ts';
import { makeBundle, readConfig, writeConfig } from '../helpers/bundle.ts';
import { pick, type Random, seeded } from '../helpers/mutate.ts';
import { type Call, type Outcome, outcomes, putProbe } from '../helpers/probe.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run } from '../helpers/runtime.ts';
import { HANGS_MS, newId, slowness, temp } from '../helpers/sandbox.ts';

suite('root');

const PROFILES = process.env.SOAK === '1' ? 300 : 60;
const SEED = 20261121;

type Rule = NonNullable<Seccomp['syscalls']>[number];
type Action = Seccomp['defaultAction'];

// What the probe needs, and runc behind its own filter.
const NEEDED =
  'execve vfork wait4 write exit_group close fcntl futex getdents64 newfstatat openat read rt_sigreturn sigaltstack nanosleep ' +
  'fstat epoll_ctl epoll_pwait getpid gettid tgkill madvise mmap munmap prctl rt_sigprocmask rt_sigaction clone faccessat2 stat ' +
  'fstatfs close_range epoll_create1 pipe2 eventfd2 sched_yield restart_syscall';
const NAMES = (
  'access acct add_key adjtimex alarm bind bpf brk capget capset chdir chmod chown chroot clone3 connect creat dup3 epoll_wait ' +
  'fchdir fchmod fchown flock fork fsync getcwd getrandom getrlimit getuid io_setup kcmp kexec_load keyctl kill lchown link ' +
  'listen lseek mkdir mknod mount mprotect mq_open msgget nice open_by_handle_at openat2 pause perf_event_open personality ' +
  'pivot_root poll ptrace quotactl readlink reboot recvfrom rename rseq sched_setaffinity semget sendfile sethostname setns ' +
  'setsid setuid shmget socket socketcall splice statx stime swapon symlink sync sysinfo tee time times truncate umount2 uname ' +
  'unlink unshare userfaultfd ustat utime vhangup waitid waitpid writev landlock_restrict_self no_such_call _llseek mmap2'
).split(' ');
/** Harmless with any arguments. */
const COMPARED: Record<string, number> = {
  dup: 32,
  getpgid: 121,
  getpriority: 140,
  getsid: 124,
  ioctl: 16,
  sched_getscheduler: 145,
  umask: 95,
};
const VALUES = [0, 1, 2, 8, 0x7fffffff, 0xffffffff, 2 ** 32, 2 ** 32 + 8, 2 ** 40 + 1];
const ACTIONS: Action[] = [
  ...Array<Action>(8).fill('SCMP_ACT_ERRNO'),
  ...Array<Action>(4).fill('SCMP_ACT_ALLOW'),
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_LOG',
];
const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];

const chance = (random: Random, share: number): boolean => random() < share;
const some = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: 1 + Math.floor(random() * most) }, make);

function errnoOf(random: Random, action: Action, key: string): object {
  const takes = action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
  return takes ? { [key]: 200 + Math.floor(random() * 3000) } : {};
}

function argument(random: Random): SeccompArgument {
  const op = `SCMP_CMP_${pick(random, OPERATORS)}` as SeccompArgument['op'];
  return { index: Math.floor(random() * 3), value: pick(random, VALUES), valueTwo: pick(random, VALUES), op };
}

function rule(random: Random): Rule {
  const action = pick(random, ACTIONS);
  const errno = errnoOf(random, action, 'errnoRet');
  if (chance(random, 0.5))
    return { names: some(random, 6, () => pick(random, NAMES)), action, ...errno } as Rule;
  const names = [pick(random, Object.keys(COMPARED))];
  return { names, action, ...errno, args: some(random, 3, () => argument(random)) } as Rule;
}

/**
 * One rule with comparisons for a system call, each of another argument: with several libseccomp 2.5.4, which is all that
 * runc has, makes something else of them, or does not come to an end.
 */
const MOST_COMPARED = 1;

function comparable(rules: readonly Rule[]): Rule[] {
  const counts: Record<string, number> = {};
  return rules.filter(({ names, args }) => {
    if (args === undefined) return true;
    if (new Set(args.map(({ index }) => index)).size < args.length) return false;
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return names.every((name) => (counts[name] ?? 0) <= MOST_COMPARED);
  });
}

function profile(random: Random): Seccomp {
  const defaultAction = pick(
    random,
    ACTIONS.filter((action) => action !== 'SCMP_ACT_LOG'),
  );
  const rules = comparable(some(random, 60, () => rule(random)));
  // runc 1.1.5 has no stub for an architecture that is not named.
  const more = ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'].filter(() => chance(random, 0.6));
  return {
    defaultAction,
    ...errnoOf(random, defaultAction, 'defaultErrnoRet'),
    architectures: ['SCMP_ARCH_X86_64', ...more],
    syscalls: [{ names: NEEDED.split(' '), action: 'SCMP_ACT_ALLOW' }, ...rules],
  } as Seccomp;
}

const X32 = 2 ** 30;
const ALL = [-1, -1, -1, -1, -1, -1];
// They wait, or take long: pause, sync, and sigsuspend of 32-bit programs.
const SKIPPED = { syscall: [34, 162], int80: [29, 36, 72] };
const upTo = (count: number, skipped: number[]): number[] =>
  Array.from({ length: count }, (_, number) => number).filter((number) => !skipped.includes(number));

const CALLS: Call[] = [
  ...upTo(480, SKIPPED.syscall).map((number) => ({ number, args: ALL })),
  ...upTo(480, SKIPPED.int80).map((number): Call => ({ how: 'int80', number, args: ALL })),
  ...[0, 1, 41, 90, 434, 512, 547, 600].map((number) => ({ number: X32 + number, args: ALL })),
  ...Object.values(COMPARED).flatMap((number) =>
    [...VALUES, -1].flatMap((a) => [0, 8].map((b) => ({ number, args: [a, b, a] }))),
  ),
];

/** What a filter may have decided: the rest depends on the process. */
function decided({ result, signal }: Outcome): string {
  if (result === undefined) return `signal ${signal}`;
  return result <= -200 || result === -38 ? `errno ${-result}` : 'carried out';
}

function inRunc(bundle: string, fd: number): { stderr: string } {
  const id = newId();
  const runc = (...args: string[]) =>
    spawnSync('runc', ['--root', join(temp, 'runc'), ...args], {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      encoding: 'utf8',
      timeout: HANGS_MS * slowness,
      killSignal: 'SIGKILL',
    });
  const { signal, stderr } = runc('run', '--preserve-fds', '1', '--bundle', bundle, id);
  // What is stuck in libseccomp.
  if (signal !== null) runc('delete', '--force', id);
  return { stderr };
}

t.test(
  `${PROFILES} profiles from seed ${SEED}`,
  { timeout: 900_000, ...only('trunc', 'runc', 'x86-64') },
  async (t) => {
    const random = seeded(SEED);
    const bundle = makeBundle();
    putProbe(bundle, CALLS);
    let loaded = 0;
    for (let index = 0; index < PROFILES; index += 1) {
      const seccomp = profile(random);
      const noNewPrivileges = chance(random, 0.5);
      const said: string[] = [];
      const results = [true, false].map((ours) => {
        // runc loads it earlier without, and then needs more.
        writeBundle(bundle, seccomp, ours ? noNewPrivileges : true);
        return outcomes((fd) => {
          const options = { bundle, fds: [fd] };
          const { stderr } = ours
            ? run(['run', '--preserve-fds', '1', newId()], options)
            : inRunc(bundle, fd);
          said.push(stderr.trim());
        });
      });
      const [ours, theirs] = results.map((found) => found?.map(decided));
      const differences = CALLS.flatMap(({ how = 'syscall', number, args = [] }, at) =>
        ours?.[at] === theirs?.[at]
          ? []
          : [`${how} ${number}(${args}): ${ours?.[at]}, runc: ${theirs?.[at]}`],
      );
      t.same(differences, [], `profile ${index}: ${JSON.stringify(seccomp)} ${said.join(' | ')}`);
      if (ours !== undefined) loaded += 1;
      if (differences.length > 0) break;
    }
    t.ok(loaded > 0.4 * PROFILES, `${loaded} of ${PROFILES} were loaded`);
  },
);

function writeBundle(bundle: string, seccomp: Seccomp, noNewPrivileges: boolean): void {
  const config = readConfig(bundle);
  config.process.args = ['/probe'];
  config.process.noNewPrivileges = noNewPrivileges;
  config.linux.seccomp = seccomp;
  writeConfig(bundle, config);
}

t.test('nothing is left', nothingLeft);
