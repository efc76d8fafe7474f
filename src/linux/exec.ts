import { within } from '../errors.ts';
import { type CapabilityMasks, layOutCapset } from './capability.ts';
import { ffi } from './ffi.ts';
import { Memory } from './memory.ts';
import { type Limit, layOutLimit } from './rlimit.ts';
import { answerKeyed, type CallKey, encodeFilter, layOutFilter, newCallKey } from './seccomp.ts';
import { layOutMessage, MSG_NOSIGNAL } from './socket.ts';
import { rawCall, syscall, syscallError, trySyscall } from './syscall.ts';
import { type SyscallName, syscallNumber } from './syscall-numbers.ts';

const NOWHERE = 8n;

/** A seccomp filter to load before execve. */
export interface FilterToLoad {
  /** BPF instructions as seccomp(2) takes them, and its flags. */
  program: Uint8Array;
  flags: number;
  /** To set once it is loaded, which may take a capability that the program is not to have. */
  capabilities: CapabilityMasks | undefined;
  /** With SECCOMP_FILTER_FLAG.newListener. */
  listener: ListenerPlan | undefined;
}

export interface ListenerPlan {
  /** What is sent ahead of it. */
  announcement: Uint8Array;
  /** To set when it has been sent: until then it is one more descriptor. */
  limits: readonly Limit[];
}

export interface ExecPlan {
  path: string;
  argv: readonly string[];
  env: readonly string[];
  filter: FilterToLoad | undefined;
}

/**
 * Prepares the replacement of this process by a program: all memory is taken now, since resource limits may
 * refuse it later. The function returned does it, and returns only by throwing. A filter's listener is sent through the
 * socket that it is given; it goes on when there is an answer.
 */
export function prepareExec({ path, argv, env, filter }: ExecPlan): (link: number) => never {
  const bytes = [path, ...argv, ...env].reduce((sum, text) => sum + 3 * text.length + 80, 4096);
  const memory = new Memory(bytes);
  const [pathAddress, argvAddress, envAddress] = [
    memory.string(path),
    memory.vector(argv),
    memory.vector(env),
  ];
  const execute = (): never => {
    throw syscallError('execve', -trySyscall('execve', pathAddress, argvAddress, envAddress), path);
  };
  if (filter === undefined) return execute;
  const load = prepareFilter(filter);
  return (link) => {
    load(link);
    return execute();
  };
}

const ANSWER_BYTES = 64;
const NO_KEY: CallKey = [0, 0];

/**
 * From the first system call on nothing may be allowed but execve: there is no other one until then, not even by the
 * engine, which has no reason for any while nothing is allocated.
 */
function prepareFilter({ program, flags, capabilities, listener }: FilterToLoad): (link: number) => void {
  const own: SyscallName[] = [];
  if (capabilities !== undefined) own.push('capset');
  if (listener !== undefined) own.push('sendmsg', 'read', 'prlimit64');
  const key = own.length > 0 ? newCallKey() : NO_KEY;
  const allow = key === NO_KEY ? new Uint8Array() : encodeFilter(answerKeyed(own, key));
  const filter = layOutFilter([allow, program], flags);
  const load = prepareCall('seccomp', 'linux.seccomp: load the filter');
  const handOver = listener && prepareHandOver(listener, key);
  const sets = capabilities && layOutCapset(capabilities);
  const capset = prepareCall('capset', 'process.capabilities: set', key);
  return (link) => {
    const fd = load(...filter);
    handOver?.(link, fd);
    if (sets !== undefined) capset(...sets);
  };
}

function prepareHandOver({ announcement, limits }: ListenerPlan, key: CallKey) {
  const first = layOutMessage(announcement, 0);
  const second = layOutMessage(new Uint8Array(1), 1);
  const answer = new Memory(ANSWER_BYTES).take(ANSWER_BYTES);
  const laidOut = limits.map((limit) => layOutLimit(limit));
  const send = prepareCall('sendmsg', 'linux.seccomp: hand over the listener', key);
  const read = prepareCall('read', 'linux.seccomp: wait until the listener is passed on', key);
  const limit = prepareCall('prlimit64', 'process.rlimits: set', key);
  return (link: number, fd: number): void => {
    second.putFd(0, fd);
    send(link, first.header, MSG_NOSIGNAL);
    send(link, second.header, MSG_NOSIGNAL);
    // Who was to pass it on has ended.
    if (read(link, answer, ANSWER_BYTES) === 0) exitSurely();
    for (const [resource, address] of laidOut) limit(0, resource, address);
  };
}

/** A system call with nothing of ours around it, and the key if it has one; throws what failed to be done. */
function prepareCall(name: SyscallName, action: string, key = NO_KEY) {
  const call = rawCall();
  const number = syscallNumber(name);
  return (a: number, b = 0, c = 0, d = 0): number => {
    const result = call(number, a, b, c, d, ...key);
    if (result >= 0) return result;
    const fail = (): never => {
      throw syscallError(name, ffi().koffi.errno());
    };
    return within(action, fail, { code: 'SECCOMP_LOAD' });
  };
}

/** Exit status of a process that could not become its program: what runc's has been since 1.2. */
export const NO_PROGRAM = 255;

/** Ends a process that could not; where a filter forbids to exit, by an access to an address that is none. */
export function exitSurely(): never {
  trySyscall('exit_group', NO_PROGRAM);
  for (;;) new Uint8Array(ffi().koffi.view(NOWHERE, 1)).fill(0);
}

/** Ends this process at once. Everything has been written: the engine's own farewell takes half a millisecond. */
export function exitNow(status: number): void {
  try {
    syscall('exit_group', status);
  } catch {
    // No system call can be made: the addon could not be loaded.
    process.exit(status);
  }
}
