// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { SIGKILL } from '../../linux/signal.ts';
import { log } from '../../log.ts';
import type { Resources } from '../../spec/config.ts';
import { makeDirectory, removeDirectories, unmakeDirectories } from '../directory.ts';
import { joinCgroup, joinOwn, readCgroupFileIfThere, writeCgroupFile } from '../file.ts';
import { processesBelow, signalProcesses } from '../processes.ts';
import { refuseReuse } from '../reuse.ts';
import type { Cgroup } from '../types.ts';
import { refuseUnsupported } from '../unsupported.ts';
import type { CgroupWrite } from '../write.ts';
import { enableControllers } from './controllers.ts';
import { cpu } from './cpu.ts';
import { cpuset } from './cpuset.ts';
import { refuseDeviceRules } from './devices.ts';
import { ignoredProperties } from './ignored.ts';
import { memory } from './memory.ts';
import { pids } from './pids.ts';

/** Where a new cgroup comes into being: what a reopened one need not know. */
export interface V2Place {
  mountPoint: string;
  ownProcs: string | undefined;
}

/** A cgroup in the one hierarchy of version 2. */
export class V2Cgroup implements Cgroup {
  readonly paths: Readonly<Record<string, string>>;
  readonly #ownProcs: string | undefined;
  readonly #dir: string;
  readonly #top: string | undefined;
  readonly #madeParents: string[] = [];
  /** Why a controller could not be enabled. */
  #failures = new Map<string, RuntimeError>();

  constructor(dir: string, place?: V2Place) {
    this.paths = { '': dir };
    this.#ownProcs = place?.ownProcs;
    this.#dir = dir;
    this.#top = place?.mountPoint;
  }

  create(): void {
    const made: string[] = [];
    try {
      const isNew = makeDirectory(this.#dir, made);
      refuseReuse(this, isNew ? [] : [this.#dir]);
      if (this.#top !== undefined) this.#failures = enableControllers(this.#top, this.#dir);
    } catch (thrown) {
      unmakeDirectories(made);
      throw thrown;
    }
    for (const dir of made) if (dir !== this.#dir) this.#madeParents.push(dir);
  }

  /** Here the pid would be charged for everything at once: a join of our own cgroup has the wait over with. */
  prepareJoin(): void {
    joinOwn(this.#ownProcs);
  }

  joinFiles(): string[] {
    return [`${this.#dir}/cgroup.procs`];
  }

  add(pid: number): void {
    joinCgroup(this.#dir, pid);
  }

  set(resources: Resources = {}): void {
    refuseUnsupported(resources);
    refuseDeviceRules(resources);
    for (const field of ignoredProperties(resources)) log.warning(`ignored on cgroup version 2: ${field}`);
    this.#refuseLimitInUse(resources);
    this.#apply('memory', memory(resources));
    this.#apply('cpu', cpu(resources));
    this.#apply('cpuset', cpuset(resources));
    this.#apply('pids', pids(resources));
  }

  #apply(controller: string, writes: readonly CgroupWrite[]): void {
    const failure = this.#failures.get(controller);
    for (const write of writes) {
      if (failure !== undefined) throw notEnabled(controller, failure, write.field);
      writeCgroupFile(this.#dir, write);
    }
  }

  /** Version 1 refuses by itself; version 2 would end processes until the limit is met. */
  #refuseLimitInUse({ memory: { limit = 0, checkBeforeUpdate } = {} }: Resources): void {
    if (!checkBeforeUpdate || limit <= 0) return;
    const used = Number(readCgroupFileIfThere(this.#dir, 'memory.current'));
    if (used <= limit) return;
    throw new RuntimeError(`memory limit ${limit} is below the ${used} bytes in use`, {
      code: 'CGROUP_SET',
      field: 'linux.resources.memory.limit',
      errno: 'EBUSY',
      hint: 'checkBeforeUpdate asks for this to be refused',
    });
  }

  processes(): number[] {
    return processesBelow(this.#dir);
  }

  kill(signal: number = SIGKILL): void {
    // One write that no fork escapes (Linux 5.14).
    const kill = { file: 'cgroup.kill', value: '1', optional: true };
    if (signal === SIGKILL && writeCgroupFile(this.#dir, kill)) return;
    signalProcesses(this.processes(), signal);
  }

  frozen(): boolean {
    return readCgroupFileIfThere(this.#dir, 'cgroup.events').includes('frozen 1');
  }

  remove(): void {
    removeDirectories([this.#dir]);
    unmakeDirectories(this.#madeParents);
  }
}

function notEnabled(controller: string, failure: RuntimeError, field: string | undefined): RuntimeError {
  const { errno, hint } = failure;
  const message = `cgroup controller ${controller} cannot be enabled: ${failure.message}`;
  return new RuntimeError(message, { code: 'CGROUP_CONTROLLER', field, errno, hint }, failure);
}
