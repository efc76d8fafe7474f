// Pure.
import type { DeviceRule, Resources } from '../spec/config.ts';
import type { OomWatch } from './oom.ts';
import type { SavedFile } from './saved.ts';
import type { CgroupStats } from './stats/types.ts';

/** The cgroup of one container, in all hierarchies. Every method throws RuntimeError with a code `CGROUP_*`. */
export interface Cgroup {
  /** Absolute directories as kept in state.json: by v1 controller (`name=systemd` too), `''` for version 2. */
  readonly paths: Readonly<Record<string, string>>;
  /** The unit of systemd that it is, if it is one. */
  readonly unit?: string;
  /**
   * Makes the directories. Refuses a cgroup with processes in it, but for one of our own, and a frozen one. Undoes what
   * it made if it fails.
   */
  create(own?: number): void;
  /**
   * Does ahead, while the process still starts, what makes a later join slow: after a quiet time the kernel has the
   * first writer of a `cgroup.procs` wait for an RCU grace period (5 to 30 ms on Linux 6.18).
   */
  prepareJoin(pid: number): void;
  /** The files to which a process writes `0` to join, in each hierarchy that it is not in by then. */
  joinFiles(): string[];
  /** Called when the container's first process is in it. */
  joined(): void;
  /** Sets the limits that are asked for and leaves the others as they are. */
  set(resources: Resources): void;
  /** What is in the files that `set` would write, to be kept while it does. */
  save(resources: Resources): SavedFile[];
  /** Takes back what `set` has done since, also where it has failed. What cannot be taken back is a warning. */
  restore(saved: readonly SavedFile[]): void;
  /** Puts device rules in place of those that are `inForce`. Without a rule only the default devices can be used. */
  setDevices(rules: readonly DeviceRule[], inForce?: readonly DeviceRule[]): void;
  /** Lets a user of the host move processes in it and make cgroups below it, where that is safe: in version 2. */
  giveTo(uid: number): void;
  /** The processes in the cgroup and in those below it; none when the cgroup is gone. */
  processes(): number[];
  /** Sends the signal, SIGKILL unless said otherwise, to every process. SIGKILL also thaws, lest nobody dies. */
  kill(signal?: number): void;
  /** Stops every process; throws, with all of them going on, when one cannot be stopped in 10 seconds. */
  freeze(): void;
  thaw(): void;
  stats(): CgroupStats;
  /** Watches for processes that are killed for want of memory; undefined without the memory controller. */
  watchOom(): OomWatch | undefined;
  /** Whether it, or a cgroup above it, is frozen or being frozen; false when it is gone. */
  frozen(): boolean;
  /**
   * Removes the cgroup and those below it; a missing one is fine. Waits up to a second for processes that are
   * about to end, does not kill. The object that created the cgroup also removes the parents that it made, if empty.
   */
  remove(): void;
}
