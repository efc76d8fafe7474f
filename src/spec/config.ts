import type { Spec as Document, Process as GeneratedProcess, Root } from './generated/config.ts';

/*
 * The types of config.json, read-only: one form in both processes, nothing translates it into a second.
 * Integers beyond 2^53 (an unlimited rlimit is 2^64 - 1) arrive rounded to a double.
 */
export type {
  BlockIO,
  Capabilities,
  ConsoleSize,
  Cpu,
  Device,
  DeviceRule,
  ExecCPUAffinity,
  Hook,
  Hooks,
  HugepageLimit,
  IdMapping,
  IntelRdt,
  IOPriority,
  Linux,
  Memory,
  MemoryPolicy,
  MemoryPolicyFlag,
  MemoryPolicyMode,
  Mount,
  Namespace,
  NamespaceType,
  NetDevice,
  Network,
  Personality,
  Pids,
  Rdma,
  Resources,
  Rlimit,
  RlimitType,
  Root,
  RootfsPropagation,
  Scheduler,
  Seccomp,
  SeccompAction,
  SeccompArchitecture,
  SeccompArgument,
  SeccompFlag,
  SeccompOperator,
  StringMap,
  ThrottleDevice,
  TimeOffset,
  TimeOffsets,
  User,
} from './generated/config.ts';
/** What the schema alone promises. */
export type { Document };

export interface Process extends GeneratedProcess {
  readonly args: readonly string[];
}

/** A config.json that passed the schema and every rule of check.ts, which demand root and process. */
export interface Spec extends Document {
  readonly root: Root;
  readonly process: Process;
}
