import { within } from '../errors.ts';
import { type CapabilityMasks, layOutCapset } from './capability.ts';
import { ffi } from './ffi.ts';
import { Memory } from './memory.ts';
import { type Limit, layOutLimit } from './rlimit.ts';
import { answerKeyed, type CallKey, encodeFilter, layOutFilter, newCallKey } from './seccomp.ts';
import { type LaidOutMessage, layOutMessage, MSG_NOSIGNAL } from './socket.ts';
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
  const call = rawCall();
  const { koffi } = ffi();
  const own: SyscallName[] = [];
  if (capabilities !== undefined) own.push('capset');
  if (listener !== undefined) own.push('sendmsg', 'read', 'prlimit64');
  const key = own.length > 0 ? newCallKey() : NO_KEY;
  const allow = key === NO_KEY ? new Uint8Array() : encodeFilter(answerKeyed(own, key));
  const filter = layOutFilter([allow, program], flags);
  const capset = capabilities && layOutCapset(capabilities);
  const handOver = listener && prepareHandOver(listener);
  const numbers = {
    seccomp: syscallNumber('seccomp'),
    capset: syscallNumber('capset'),
    sendmsg: syscallNumber('sendmsg'),
    read: syscallNumber('read'),
    prlimit64: syscallNumber('prlimit64'),
  };
  return (link) => {
    const result = call(numbers.seccomp, ...filter, 0, 0, 0);
    if (result < 0) fail('linux.seccomp: load the filter', 'seccomp');
    handOver?.(link, result);
    if (capset !== undefined && call(numbers.capset, ...capset, 0, 0, ...key) !== 0)
      fail('process.capabilities: set', 'capset');
  };

  function prepareHandOver({ announcement, limits }: ListenerPlan): (link: number, fd: number) => void {
    const first = layOutMessage(announcement, 0);
    const second = layOutMessage(new Uint8Array(1), 1);
    const answer = new Memory(ANSWER_BYTES).take(ANSWER_BYTES);
    const laidOut = limits.map((limit) => layOutLimit(limit));
    return (link, fd) => {
      second.putFd(0, fd);
      send(link, first);
      send(link, second);
      const count = call(numbers.read, link, answer, ANSWER_BYTES, 0, ...key);
      if (count < 0) fail('linux.seccomp: wait until the listener is passed on', 'read');
      // Who was to pass it on has ended.
      if (count === 0) exitSurely(1);
      for (const [resource, address] of laidOut)
        if (call(numbers.prlimit64, 0, resource, address, 0, ...key) < 0)
          fail('process.rlimits: set', 'prlimit64');
    };
  }

  function send(link: number, { header }: LaidOutMessage): void {
    const count = call(numbers.sendmsg, link, header, MSG_NOSIGNAL, 0, ...key);
    if (count < 0) fail('linux.seccomp: hand over the listener', 'sendmsg');
  }

  function fail(action: string, name: keyof typeof numbers): never {
    const error = syscallError(name, koffi.errno());
    return within(
      action,
      () => {
        throw error;
      },
      { code: 'SECCOMP_LOAD' },
    );
  }
}

/** As exitNow, even where a filter forbids to exit: an access to an address that is none ends it too. */
export function exitSurely(status: number): never {
  trySyscall('exit_group', status);
  for (;;) new Uint8Array(ffi().koffi.view(NOWHERE, 1)).fill(0);
}

/** Ends this process at once. Everything has been written: the engine's own farewell takes half a millisecond. */
export function exitNow(status: number): void {
  syscall('exit_group', status);
}
