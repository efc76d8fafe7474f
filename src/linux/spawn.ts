import { type ChainCall, callChain } from './call-chain.ts';
import { CLONE_VM, clone, SIGCHLD } from './clone.ts';
import { CLOSE_RANGE_CLOEXEC, Fd } from './fd.ts';
import { ffi } from './ffi.ts';
import { Memory } from './memory.ts';
import { openPipe } from './pipe.ts';
import { PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG } from './prctl.ts';
import { type Limit, layOutLimit } from './rlimit.ts';
import {
  allowSignalMask,
  answerKeyed,
  type CallKey,
  encodeFilter,
  layOutFilter,
  newCallKey,
  SECCOMP_RET,
} from './seccomp.ts';
import { ALL_SIGNALS, changedSignals, MASK_BYTES, NO_SIGNALS, SIGKILL, setSignalMask } from './signal.ts';
import { syscall, syscallError } from './syscall.ts';
import { waitForExit } from './wait.ts';

/** A program to run beside this process, and all that it gets of it. */
export interface SpawnPlan {
  file: string;
  argv: readonly string[];
  env: readonly string[];
  /** The root directory if there is no such directory. */
  cwd: string;
  stdin: Fd;
  /** Standard output, and standard error unless that is another one. */
  output: Fd;
  errors?: Fd;
  /** What it gets besides, under the same numbers. */
  inherited?: readonly Fd[];
  /** This process's own when absent. */
  umask?: number | undefined;
  limits: readonly Limit[];
  /** Whether it leads a process group, so that it can be killed with its children. */
  leadsGroup: boolean;
  /** A seccomp filter that holds for it: BPF instructions, and flags of seccomp(2). */
  filter?: { program: Uint8Array; flags: number } | undefined;
  /** Whether it goes on when this process is killed. */
  survives?: boolean;
  /** Whether neither it nor what it starts can gain privileges by execve. */
  noNewPrivileges?: boolean;
}

const FAILED = 127;
const CLONE_PIDFD = 0x1000;
const CLONE_VFORK = 0x4000;
const F_SETFD = 2;
const ERRNO_BYTES = 4;
const ACTION_BYTES = 32;
/** Room for a call for every signal and every limit, which is only used up as far as there are any. */
const CHAIN_BYTES = 1 << 19;

/**
 * Starts a program with default signal actions, nothing blocked and no descriptor but those of the plan; it is killed if
 * this process is. Throws what execve says. Until then this process stands still (CLONE_VFORK): the two share their memory,
 * errno included, which the child sends back when execve has returned.
 */
export function spawn(plan: SpawnPlan): { pid: number; pidfd: Fd } {
  const failure = openPipe();
  using reader = failure.read;
  using writer = failure.write;
  const started = start(plan, writer);
  writer.close();
  const errno = new Int32Array(1);
  if (syscall('read', reader.number, new Uint8Array(errno.buffer), ERRNO_BYTES) === 0) return started;
  started.pidfd.close();
  waitForExit(started.pid);
  throw syscallError('execve', errno[0] as number, plan.file);
}

function start(plan: SpawnPlan, failure: Fd): { pid: number; pidfd: Fd } {
  const { file, argv, env } = plan;
  const memory = new Memory(CHAIN_BYTES + textBytes([file, plan.cwd, ...argv, ...env]));
  const answer = memory.take(ERRNO_BYTES);
  // A record has the signal mask of the time when it was made: the last ones none, the others everything, so that no
  // handler of the engine runs in the child while it still has them.
  const oldMask = setSignalMask(NO_SIGNALS);
  try {
    const execute = callChain(memory, executeCalls(memory, plan, failure));
    setSignalMask(ALL_SIGNALS);
    const chain = callChain(memory, prepareCalls(memory, plan), execute);
    const pid = clone(memory, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, chain, answer);
    return { pid, pidfd: new Fd(memory.getInt(answer)) };
  } finally {
    setSignalMask(oldMask);
  }
}

/** At most three bytes of UTF-8 for each unit, a pointer, and what alignment takes. */
function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 3 * text.length + 80, 0);
}

function executeCalls(memory: Memory, plan: SpawnPlan, failure: Fd): ChainCall[] {
  const { koffi, libc } = ffi();
  const { file, argv, env, filter } = plan;
  // errno of this thread is also that of the child, which has the same thread pointer.
  const errno = koffi.address(libc.func('__errno_location', 'void *', [])());
  const fail = (key: CallKey): ChainCall[] => [
    ['write', failure.number, errno, ERRNO_BYTES, 0, ...key],
    ['exit_group', FAILED, 0, 0, 0, ...key],
  ];
  const execute: ChainCall = ['execve', memory.string(file), memory.vector(argv), memory.vector(env)];
  if (filter === undefined) return [execute, ...fail([0, 0])];
  // The filter itself keeps the chain from failing: where it could not be loaded there is no program without it.
  const [ifLoaded, own] = [newCallKey(), newCallKey()];
  const names = ['write', 'exit_group'] as const;
  const first = [
    ...answerKeyed(names, ifLoaded, SECCOMP_RET.errno),
    ...answerKeyed(names, own),
    ...allowSignalMask(),
  ];
  const load: ChainCall = ['seccomp', ...layOutFilter([encodeFilter(first), filter.program], filter.flags)];
  return [load, ...fail(ifLoaded), execute, ...fail(own)];
}

/** What the child does before it becomes the program. */
function prepareCalls(memory: Memory, plan: SpawnPlan): ChainCall[] {
  const { cwd, stdin, output, errors = output, inherited = [], umask, limits } = plan;
  const calls: ChainCall[] = [];
  const defaultAction = memory.take(ACTION_BYTES);
  for (const signal of changedSignals()) calls.push(['rt_sigaction', signal, defaultAction, 0, MASK_BYTES]);
  if (!plan.survives) calls.push(['prctl', PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]);
  if (plan.leadsGroup) calls.push(['setpgid', 0, 0]);
  if (plan.noNewPrivileges) calls.push(['prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]);
  calls.push(['dup3', stdin.number, 0, 0], ['dup3', output.number, 1, 0], ['dup3', errors.number, 2, 0]);
  calls.push(['close_range', 3, 0xffffffff, CLOSE_RANGE_CLOEXEC]);
  // A stream that is in its place already has not been copied, and may be marked.
  for (const number of [0, 1, 2, ...inherited.map((fd) => fd.number)])
    calls.push(['fcntl', number, F_SETFD, 0]);
  if (umask !== undefined) calls.push(['umask', umask]);
  calls.push(['chdir', memory.string('/')], ['chdir', memory.string(cwd)]);
  for (const limit of limits) {
    calls.push(['prlimit64', 0, ...layOutLimit(limit, memory), 0]);
  }
  return calls;
}
