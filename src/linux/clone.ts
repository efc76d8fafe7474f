import { RuntimeError } from '../errors.ts';
import { type ChainCall, callChain, cloneStack } from './call-chain.ts';
import { capabilityNames, layOutCapset } from './capability.ts';
import { F_DUPFD_CLOEXEC, type Fd } from './fd.ts';
import { addressOf, ffi } from './ffi.ts';
import { Memory } from './memory.ts';
import { CLONE_NEW, type NamespaceKind } from './namespace.ts';
import { AT_FDCWD, O_CLOEXEC } from './path.ts';
import { openPipe } from './pipe.ts';
import { PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, PR_SET_DUMPABLE, setDumpable } from './prctl.ts';
import { ALL_SIGNALS, setSignalMask } from './signal.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';
import { waitForExit } from './wait.ts';

/** A program and the namespaces to start it in. */
export interface ProcessPlan {
  file: string;
  argv: readonly string[];
  env: readonly string[];
  /** Kinds to make anew. */
  fresh: readonly NamespaceKind[];
  /** Kinds to join, with their open namespaces. Mount and cgroup namespaces are left to the program. */
  join: readonly { kind: NamespaceKind; fd: Fd }[];
  /** As whom it executes the program in a user namespace: with all capabilities there, root or not. */
  as: { uid: number; gid: number };
  /** Whether who writes the maps of a new user namespace has no other right to it than being its user. */
  mappedByUser: boolean;
}

/** A process that waits for its go-ahead before it executes the program. */
export interface StartedProcess {
  pid: number;
  /** Returns when its namespaces exist, so that mappings and offsets can be written. */
  made(): void;
  /** Lets it go on. Without a new user or time namespace it has never waited. */
  go(): void;
}

interface Program extends Pick<StartedProcess, 'made' | 'go'> {
  calls: ChainCall[];
}

export const CLONE_VM = 0x100;
export const CLONE_PARENT = 0x8000;
export const CLONE_PARENT_SETTID = 0x100000;
export const SIGCHLD = 17;
/** Only what is used of it is there. */
const MEMORY_SIZE = 1 << 18;

/**
 * Starts a program in new and joined namespaces, the user namespace included, from a multi-threaded
 * engine. Its descriptors are those of the caller that are not close-on-exec.
 *
 * A pid or user namespace holds only for the next child, and what a new user namespace owns can be joined
 * only from outside it. In these cases an intermediate process joins, makes the final one as the caller's
 * own child (CLONE_PARENT), and ends.
 */
export function startProcess(plan: ProcessPlan): StartedProcess {
  // The child starts with every signal blocked: a handler of the engine must not run in it.
  const mask = setSignalMask(ALL_SIGNALS);
  // Inherited until execve: processes of a joined namespace may not trace this one (CVE-2016-9962). Where there are none,
  // its files in /proc are its user's, even if the executable is one that this user cannot read.
  setDumpable(plan.join.length === 0);
  try {
    const memory = new Memory(MEMORY_SIZE);
    const { calls, made, go } = program(memory, plan);
    const flags = flagsOf(madeByClone(plan));
    const pid = needsIntermediate(plan)
      ? cloneThroughIntermediate(memory, plan, flags, calls)
      : clone(memory, flags | sharing(plan), callChain(memory, [...joinCalls(plan), ...calls]));
    return { pid, made, go };
  } finally {
    setSignalMask(mask);
  }
}

/** The flags of clone and unshare that make namespaces of these kinds. */
export const flagsOf = (kinds: readonly NamespaceKind[]): number =>
  kinds.reduce((bits, kind) => bits | CLONE_NEW[kind], 0);

/**
 * In a new user namespace the others are made later, by its root: what they hold (the mqueue filesystem)
 * belongs to whoever makes them. The time namespace is never made by clone.
 */
function madeByClone({ fresh }: ProcessPlan): NamespaceKind[] {
  const first: NamespaceKind[] = ['user', 'pid'];
  return fresh.filter((kind) => kind !== 'time' && (!fresh.includes('user') || first.includes(kind)));
}

/**
 * Sharing memory saves the copy of the page tables. But only a process alone in its memory changes its time
 * namespace, and who lives in a pid or user namespace that is joined must not get at the caller's memory.
 */
function sharing({ fresh, join }: ProcessPlan): number {
  const alone: NamespaceKind[] = ['time', 'pid', 'user'];
  const shares = !fresh.includes('time') && !join.some(({ kind }) => alone.includes(kind));
  return (shares ? CLONE_VM : 0) | SIGCHLD;
}

function needsIntermediate({ fresh, join }: ProcessPlan): boolean {
  const holdsForChildren = join.some(({ kind }) => kind === 'pid' || kind === 'user');
  return holdsForChildren || (fresh.includes('user') && join.length > 0);
}

const setns = (kind: NamespaceKind, fd: Fd): ChainCall => ['setns', fd.number, CLONE_NEW[kind]];

function joinCalls({ join }: ProcessPlan): ChainCall[] {
  return join.map(({ kind, fd }) => setns(kind, fd));
}

/** What the final process does: wait for the go-ahead where there is one, become root, execute. */
function program(memory: Memory, plan: ProcessPlan): Program {
  const { fresh } = plan;
  const own: ChainCall[] = [
    ...becomeRoot(plan),
    ['execve', memory.string(plan.file), memory.vector(plan.argv), memory.vector(plan.env)],
    ['exit_group', 127],
  ];
  const isTimed = fresh.includes('time');
  if (!fresh.includes('user') && !isTimed) return { calls: own, made() {}, go() {} };

  const made = openPipe();
  const allowed = openPipe();
  // For as long as the maps are written, which nobody else could.
  const opens = plan.mappedByUser && fresh.includes('user') && plan.join.length > 0;
  const dumpable = (on: number): ChainCall[] => (opens ? [['prctl', PR_SET_DUMPABLE, on, 0, 0, 0]] : []);
  const ahead: ChainCall[] = [
    ...dumpable(1),
    ['write', made.write.number, memory.take(1), 1],
    ['close', allowed.write.number],
    ['read', allowed.read.number, memory.take(1), 1],
    ...dumpable(0),
  ];
  return {
    calls: [...(isTimed ? enterNewTime(memory, ahead) : ahead), ...own],
    made: () => {
      // Its own end stays: without this one the end of the process is the end of the wait.
      made.write.close();
      trySyscall('read', made.read.number, new Uint8Array(1), 1);
    },
    go: () => {
      trySyscall('write', allowed.write.number, 'x', 1);
      for (const fd of [made.read, made.write, allowed.read, allowed.write]) fd.close();
    },
  };
}

/** In its user namespace, if that is another one, it becomes who it shall be, and as such makes what is to belong to that one. */
function becomeRoot(plan: ProcessPlan): ChainCall[] {
  const { fresh, join, as } = plan;
  const calls: ChainCall[] = [];
  if (fresh.includes('user') || join.some(({ kind }) => kind === 'user')) {
    calls.push(['setresgid', as.gid, as.gid, as.gid], ['setresuid', as.uid, as.uid, as.uid]);
    if (as.uid !== 0) calls.push(...keepCapabilities());
  }
  const byClone = madeByClone(plan);
  const later = fresh.filter((kind) => kind !== 'time' && !byClone.includes(kind));
  if (later.length > 0) calls.push(['unshare', flagsOf(later)]);
  return calls;
}

/** Who is not root loses all of them with execve, but for ambient ones. Source: capabilities(7). */
function keepCapabilities(): ChainCall[] {
  const count = capabilityNames().length;
  const all = (1n << BigInt(count)) - 1n;
  const inheritable: ChainCall = [
    'capset',
    ...layOutCapset({ effective: all, permitted: all, inheritable: all }),
  ];
  const raise = (number: number): ChainCall => ['prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0];
  return [inheritable, ...Array.from({ length: count }, (_, number) => raise(number))];
}

/**
 * A new time namespace is only for the caller's children, so the process joins it itself; the offsets must
 * have been written before. Its descriptor is the lowest free one, which is known beforehand.
 */
function enterNewTime(memory: Memory, ahead: ChainCall[]): ChainCall[] {
  const lowest = syscall('fcntl', 0, F_DUPFD_CLOEXEC, 3);
  syscall('close', lowest);
  return [
    ['unshare', CLONE_NEW.time],
    ['openat', AT_FDCWD, memory.string('/proc/self/ns/time_for_children'), O_CLOEXEC, 0],
    ...ahead,
    ['setns', lowest, CLONE_NEW.time],
  ];
}

/**
 * Starts a process that runs a call chain; returns its pid. Signals must be blocked meanwhile. What the kernel tells the
 * parent besides (CLONE_PIDFD) goes to `answer`.
 */
export function clone(memory: Memory, flags: number, chain: number, answer = 0): number {
  const { koffi, libc } = ffi();
  const call = libc.func('clone', 'int', ['void *', 'void *', 'int', 'void *', 'void *']);
  const pid: number = call(addressOf('setcontext'), cloneStack(memory), flags, chain, answer);
  if (pid > 0) return pid;
  throw syscallError('clone', koffi.errno());
}

const CHAIN_MEMORY_SIZE = 1 << 15;

/**
 * Starts a process that makes a few calls, in this one's memory and in new namespaces of the kinds in `fresh`, with
 * every signal blocked: a handler of the engine must not run in it. Returns its pid.
 */
export function cloneChain(fresh: readonly NamespaceKind[], calls: (memory: Memory) => ChainCall[]): number {
  const mask = setSignalMask(ALL_SIGNALS);
  try {
    const memory = new Memory(CHAIN_MEMORY_SIZE);
    return clone(memory, flagsOf(fresh) | CLONE_VM | SIGCHLD, callChain(memory, calls(memory)));
  } finally {
    setSignalMask(mask);
  }
}

function cloneThroughIntermediate(
  memory: Memory,
  plan: ProcessPlan,
  flags: number,
  calls: ChainCall[],
): number {
  const idAddress = memory.take(8);
  const user = plan.join.filter(({ kind }) => kind === 'user');
  const others = plan.join.filter(({ kind }) => kind !== 'user').map(({ kind, fd }) => setns(kind, fd));
  const chain = callChain(memory, [
    // From outside a joined user namespace first, where the caller's privileges count, then from inside
    // it, where only its own do. One of the two may fail; init checks the result.
    ...others,
    ...user.flatMap(({ kind, fd }) => [setns(kind, fd), ...others]),
    {
      flags: flags | sharing(plan) | CLONE_PARENT | CLONE_PARENT_SETTID,
      chain: callChain(memory, calls),
      idAddress,
    },
    ['exit_group', 0],
  ]);
  waitForExit(clone(memory, sharing(plan), chain));
  const pid = memory.getInt(idAddress);
  if (pid > 0) return pid;
  throw new RuntimeError('no process could be started in the namespaces', {
    code: 'NAMESPACE_JOIN',
    field: 'linux.namespaces',
    hint: 'are the namespaces that are joined by path of the right kind, and the limits in /proc/sys/user high enough?',
  });
}
