import type { SeccompProfile } from './profile.ts';

/** What `seccomp check` says: plain data, its JSON. */

/** What a filter answers, as a profile says it. */
export interface Answer {
  action: string;
  errnoRet?: number;
}

export interface Condition {
  index: number;
  op: string;
  value: bigint;
  valueTwo?: bigint;
}

/** What happens to a system call. */
export interface CallReport {
  name: string;
  /** libseccomp's name. */
  architecture: string;
  number: number;
  /** The first whose arguments are so decides; where there are none it always does. */
  rules: (Answer & { args: Condition[]; place: string })[];
  /** If none does: the answer, and why. */
  otherwise: Answer & { reason: 'default' | 'newer' | 'rule' };
  /** Places of rules that never decide, since others do. */
  idle: string[];
  /** Where the compiled filter does something else: arguments, and its answer to them. */
  exceptions: (Answer & { args: bigint[] })[];
}

export interface CheckReport {
  file: string;
  format: SeccompProfile['format'];
  /** For which the profile of an engine was read. */
  capabilities: readonly string[] | undefined;
  defaultAction: Answer;
  /** Those of this machine that the profile is about, and what it does to calls of its others. */
  architectures: string[];
  others: (Answer & { architecture: string })[];
  flags: readonly string[];
  libseccomp: string;
  instructions: number;
  syscalls: CallReport[];
  findings: string[];
}

/** One line of a comparison. */
export interface Difference {
  name: string;
  architecture: string;
  before: CallReport;
  after: CallReport;
}

/** Whether the last of these rules holds in any case. */
export function isDecided(rules: CallReport['rules']): boolean {
  return rules.at(-1)?.args.length === 0;
}
