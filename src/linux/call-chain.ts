import { addressOf, ffi } from './ffi.ts';
import type { Memory } from './memory.ts';
import { type SyscallName, syscallNumber } from './syscall-numbers.ts';

/**
 * A call chain: system calls that a process makes one after the other with no engine code at all.
 *
 * JavaScript must not run between clone and execve (Bun's JIT memory and V8's heap are MADV_DONTFORK), and
 * setns(CLONE_NEWUSER) fails in a process with more than one thread, which every engine is. So the child
 * runs records made by makecontext(), one libc call each, tied together by uc_link: the return of one call
 * starts the next. clone()'s start function is libc's setcontext() and its argument the first record.
 * A chain cannot branch: a failed call does not stop it. What it starts has to check where it is.
 */
export type ChainCall = [name: SyscallName, ...args: (number | bigint)[]];

/** A call of libc's clone(): flags, the chain that the new process runs, where its id is stored. */
export interface ChainClone {
  flags: number;
  chain: number;
  idAddress: number;
}

const CONTEXT_SIZE = process.arch === 'arm64' ? 4608 : 1024;
const STACK_SIZE = 2048;
const LINK = 8;
const STACK_POINTER = 16;
const STACK_LENGTH = 32;
const ARGUMENTS = 7;

/**
 * Lays the calls out in `memory` as linked contexts; returns the address of the first. After the last one the process
 * ends, or goes on with the chain at `following`. Each record has the signal mask that the caller has now.
 */
export function callChain(memory: Memory, calls: readonly (ChainCall | ChainClone)[], following = 0): number {
  const { libc } = ffi();
  const getcontext = libc.func('getcontext', 'int', ['void *']);
  const longs: string[] = Array(ARGUMENTS).fill('long');
  const makecontext = libc.func('makecontext', 'void', ['void *', 'void *', 'int', ...longs]);
  let next = following;
  for (const call of calls.toReversed()) {
    const context = memory.take(CONTEXT_SIZE);
    getcontext(context);
    memory.putLong(context + LINK, next);
    memory.putLong(context + STACK_POINTER, memory.take(STACK_SIZE));
    memory.putLong(context + STACK_LENGTH, STACK_SIZE);
    const [symbol, args] = Array.isArray(call) ? systemCall(call) : cloneCall(memory, call);
    const padded = [...args, ...Array(ARGUMENTS - args.length).fill(0)];
    makecontext(context, addressOf(symbol), ARGUMENTS, ...padded);
    next = context;
  }
  return next;
}

function systemCall([name, ...args]: ChainCall): [symbol: string, args: (number | bigint)[]] {
  return ['syscall', [syscallNumber(name), ...args]];
}

function cloneCall(memory: Memory, call: ChainClone): [symbol: string, args: (number | bigint)[]] {
  return ['clone', [addressOf('setcontext'), cloneStack(memory), call.flags, call.chain, call.idAddress]];
}

/** The stack on which a cloned process starts, before its first record brings its own; its top. */
export function cloneStack(memory: Memory): number {
  return memory.take(CLONE_STACK_SIZE) + CLONE_STACK_SIZE - 64;
}

const CLONE_STACK_SIZE = 8192;
