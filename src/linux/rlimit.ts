import { Memory } from './memory.ts';
import { syscall } from './syscall.ts';

/** Resource numbers. Source: include/uapi/asm-generic/resource.h (x86-64 and arm64 use it as it is). */
const numbers: Record<string, number> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

const LIMIT_BYTES = 16;
const MEMORY_BYTES = 64;
const INFINITY = 0xffffffffffffffffn;

/** A limit as config.json has it: values from 2^63 on (unlimited) lose digits in JSON and mean infinity. */
const word = (value: number): bigint => (value >= 2 ** 63 ? INFINITY : BigInt(value));

/** Sets a resource limit of the calling process. */
export function setResourceLimit(type: string, soft: number, hard: number): void {
  writeLimit(0, type, BigUint64Array.of(word(soft), word(hard)));
}

/** Lowers the soft limit of the calling process, if it is above `soft`. */
export function lowerSoftLimit(type: string, soft: number): void {
  const limit = readLimit(0, type);
  if ((limit[0] as bigint) <= BigInt(soft)) return;
  limit[0] = BigInt(soft);
  writeLimit(0, type, limit);
}

/** Raises the hard limit of a process to at least `hard`. */
export function raiseHardLimit(pid: number, type: string, hard: number): void {
  const limit = readLimit(pid, type);
  if ((limit[1] as bigint) >= word(hard)) return;
  limit[1] = word(hard);
  writeLimit(pid, type, limit);
}

/** A resource limit; without `hard` that one stays. */
export interface Limit {
  type: string;
  soft: number;
  hard?: number;
}

/** The number of a resource, and a limit as prlimit64 takes it. */
function encodeLimit({ type, soft, hard }: Limit): { resource: number; words: BigUint64Array } {
  const words = BigUint64Array.of(word(soft), hard === undefined ? 0n : word(hard));
  if (hard === undefined) words[1] = readLimit(0, type)[1] as bigint;
  return { resource: numbers[type] as number, words };
}

/** The resource and the limit for prlimit(2), in memory that stays. */
export function layOutLimit(
  limit: Limit,
  memory = new Memory(MEMORY_BYTES),
): [resource: number, address: number] {
  const { resource, words } = encodeLimit(limit);
  const address = memory.take(LIMIT_BYTES);
  memory.put(address, new Uint8Array(words.buffer));
  return [resource, address];
}

/** The soft and the hard limit of a process (0: the caller). */
function readLimit(pid: number, type: string): BigUint64Array {
  const limit = new BigUint64Array(2);
  syscall('prlimit64', pid, numbers[type] as number, 0, new Uint8Array(limit.buffer));
  return limit;
}

function writeLimit(pid: number, type: string, limit: BigUint64Array): void {
  syscall('prlimit64', pid, numbers[type] as number, new Uint8Array(limit.buffer), 0);
}
