import { ENOSYS } from '../../linux/errno.ts';
import { type CallReport, type CheckReport, isDecided } from './report.ts';

/** Each does what another of its row does. */
const EQUIVALENT = [
  'clone clone3',
  'execve execveat',
  'open openat openat2',
  'chmod fchmodat fchmodat2',
  'chown lchown fchownat chown32 lchown32',
  'mkdir mkdirat',
  'mknod mknodat',
  'link linkat',
  'symlink symlinkat',
  'unlink rmdir unlinkat',
  'rename renameat renameat2',
  'mount move_mount',
  'umount umount2',
  'ptrace process_vm_writev',
  'init_module finit_module',
  'kexec_load kexec_file_load',
  'kill tkill tgkill pidfd_send_signal rt_sigqueueinfo',
  'settimeofday clock_settime clock_settime64',
  'adjtimex clock_adjtime clock_adjtime64',
  'accept accept4',
  'sendto sendmsg sendmmsg',
  'mmap mmap2',
].map((names) => names.split(' '));

/** What the rings of io_uring do without any of these calls, so that no filter sees it. */
const BY_RING = [
  'openat',
  'openat2',
  'connect',
  'socket',
  'accept4',
  'unlinkat',
  'mkdirat',
  'renameat2',
  'linkat',
];

const PASSING = ['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG'];

const passes = ({ action }: { action: string }): boolean => PASSING.includes(action);
/** Whether it is carried out, whatever its arguments are. */
const isFree = ({ rules, otherwise, exceptions }: CallReport): boolean =>
  [...rules, ...exceptions, ...(isDecided(rules) ? [] : [otherwise])].every(passes);
const isForbidden = ({ rules, otherwise, exceptions }: CallReport): boolean =>
  ![...rules, ...exceptions, ...(isDecided(rules) ? [] : [otherwise])].some(passes);

/** Whether programs are told that it does not exist, and go back to another one. */
const isMissing = ({ rules, otherwise }: CallReport): boolean => (rules[0] ?? otherwise).errnoRet === ENOSYS;

/** Arguments of which the kernel takes 32 bits, of calls that profiles look at. Source: their SYSCALL_DEFINE. */
export const NARROW_ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  fcntl: [0, 1],
  getsockopt: [0, 1, 2],
  ioctl: [0, 1],
  keyctl: [0],
  kill: [0, 1],
  mount_setattr: [2],
  personality: [0],
  prctl: [0],
  quotactl: [0],
  seccomp: [0, 1],
  setns: [0, 1],
  setsockopt: [0, 1, 2],
  socket: [0, 1, 2],
  socketpair: [0, 1, 2],
};

/** What may surprise in what a profile does, each in a sentence. */
export function surprises({
  syscalls,
  defaultAction,
  architectures,
}: Omit<CheckReport, 'findings'>): string[] {
  const found = architectures.flatMap((name) => {
    const calls = new Map(
      syscalls.filter((call) => call.architecture === name).map((call) => [call.name, call]),
    );
    return [...ways(calls), ...rings(calls), ...forLibc(calls), ...idle(calls), ...unlike(calls)].map(
      (text) => [text, name] as const,
    );
  });
  const texts = [...new Set(found.map(([text]) => text))];
  const all = texts.map((text) => {
    const where = found.filter(([other]) => other === text).map(([, name]) => name);
    return where.length === architectures.length ? text : `${text} (${where.join(', ')})`;
  });
  return [...all, ...general(defaultAction, syscalls)];
}

type Calls = ReadonlyMap<string, CallReport>;

function ways(calls: Calls): string[] {
  return EQUIVALENT.flatMap((names) => {
    const known = names.flatMap((name) => calls.get(name) ?? []);
    const open = known.filter(isFree);
    const newest = Math.max(...open.map(({ number }) => number));
    // A profile may be older than the newest of them, and say nothing of it.
    const closed = known.filter(
      (call) => !isFree(call) && !isMissing(call) && (call.rules.length > 0 || call.number < newest),
    );
    if (open.length === 0 || closed.length === 0) return [];
    const list = (some: readonly CallReport[]): string => some.map(({ name }) => name).join(', ');
    return [`${list(closed)}: restricted, but not ${list(open)}, which can do the same`];
  });
}

function rings(calls: Calls): string[] {
  const closed = BY_RING.filter((name) => {
    const call = calls.get(name);
    return call !== undefined && !isFree(call);
  });
  const ring = calls.get('io_uring_setup');
  if (closed.length === 0 || ring === undefined || !isFree(ring)) return [];
  return [`${closed.join(', ')}: restricted, but not io_uring, which can do the same past every filter`];
}

function forLibc(calls: Calls): string[] {
  const [clone, clone3, exit] = ['clone', 'clone3', 'exit_group'].map((name) => calls.get(name));
  const found: string[] = [];
  if (clone && clone3 && !isForbidden(clone) && isForbidden(clone3)) {
    const { action, errnoRet } = clone3.rules[0] ?? clone3.otherwise;
    if (action !== 'SCMP_ACT_ERRNO' || errnoRet !== ENOSYS)
      found.push('clone3: C libraries go back to clone for ENOSYS (38) only, so that no thread can be made');
  }
  if (exit && isForbidden(exit)) found.push('exit_group: is forbidden, so that no program can end properly');
  return found;
}

function idle(calls: Calls): string[] {
  const places = new Map<string, string[]>();
  for (const { name, idle } of calls.values())
    for (const place of idle) places.set(place, [...(places.get(place) ?? []), name]);
  return [...places].map(
    ([place, names]) => `${place}: never decides about ${names.join(', ')}, other rules do`,
  );
}

function unlike(calls: Calls): string[] {
  const names = [...calls.values()].filter(({ exceptions }) => exceptions.length > 0).map(({ name }) => name);
  return names.length === 0 ? [] : [`${names.join(', ')}: libseccomp makes more of it than the rules say`];
}

function general(defaultAction: CheckReport['defaultAction'], syscalls: readonly CallReport[]): string[] {
  const found: string[] = [];
  const answers = [defaultAction, ...syscalls.flatMap(({ rules }) => rules)];
  const has = (action: string, errnoRet?: number): boolean =>
    answers.some((answer) => answer.action === action && (errnoRet ?? answer.errnoRet) === answer.errnoRet);
  if (has('SCMP_ACT_KILL_THREAD'))
    found.push(
      'SCMP_ACT_KILL: ends one thread only, which the others may wait for; SCMP_ACT_KILL_PROCESS ends all',
    );
  if (has('SCMP_ACT_ERRNO', 0)) found.push('errnoRet 0: the program takes what was refused for done');
  if (has('SCMP_ACT_TRACE')) found.push('SCMP_ACT_TRACE: ENOSYS where no debugger is attached');
  return found;
}
