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

const INFINITY = 0xffffffffffffffffn;

/** A limit as config.json has it: values from 2^63 on (unlimited) lose digits in JSON and mean infinity. */
const word = (value: number): bigint => (value >= 2 ** 63 ? INFINITY : BigInt(value));

/** Sets a resource limit of a process (0: the caller). */
export function setResourceLimit(pid: number, type: string, soft: number, hard: number): void {
  const limit = BigUint64Array.of(word(soft), word(hard));
  syscall('prlimit64', pid, numbers[type] as number, new Uint8Array(limit.buffer), 0);
}
