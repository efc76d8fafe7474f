// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { SIGKILL } from '../../linux/signal.ts';
import type { Resources } from '../../spec/config.ts';
import { makeDirectory, removeDirectories, unmakeDirectories } from '../directory.ts';
import { joinCgroup, readCgroupFile, readCgroupFileIfThere, writeCgroupFile } from '../file.ts';
import { processesBelow, signalProcesses } from '../processes.ts';
import { refuseReuse } from '../reuse.ts';
import type { Cgroup } from '../types.ts';
import { refuseUnsupported } from '../unsupported.ts';
import type { CgroupWrite } from '../write.ts';
import { cpu } from './cpu.ts';
import { cpuset, fillCpuset } from './cpuset.ts';
import { devices } from './devices.ts';
import { memory } from './memory.ts';
import { pids } from './pids.ts';

/** A cgroup in the hierarchies of version 1 and, on a hybrid host, in the one of version 2, which limits nothing. */
export class V1Cgroup implements Cgroup {
  readonly paths: Readonly<Record<string, string>>;
  /** Without repetition: controllers may share a hierarchy. */
  readonly #dirs: string[] = [];
  readonly #madeParents: string[] = [];

  constructor(paths: Readonly<Record<string, string>>) {
    this.paths = paths;
    for (const dir of Object.values(paths)) if (!this.#dirs.includes(dir)) this.#dirs.push(dir);
  }

  create(): void {
    const made: string[] = [];
    const existing: string[] = [];
    try {
      for (const dir of this.#dirs) {
        const before = made.length;
        if (!makeDirectory(dir, made)) existing.push(dir);
        if (dir === this.paths.cpuset) fillCpuset(dir, made.slice(before));
      }
      refuseReuse(this, existing);
    } catch (thrown) {
      unmakeDirectories(made);
      throw thrown;
    }
    for (const dir of made) if (!this.#dirs.includes(dir)) this.#madeParents.push(dir);
  }

  /** The v2 half of a hybrid host limits nothing: an engine may start in it. */
  prepareJoin(pid: number): void {
    const unified = this.paths[''];
    if (unified !== undefined) joinCgroup(unified, pid);
  }

  /** `tasks`, not `cgroup.procs`: for a single thread that moves itself the kernel stops nobody and does not wait. */
  joinFiles(): string[] {
    const unified = this.paths[''];
    return this.#dirs.filter((dir) => dir !== unified).map((dir) => `${dir}/tasks`);
  }

  add(pid: number): void {
    for (const dir of this.#dirs) joinCgroup(dir, pid);
  }

  set(resources: Resources = {}): void {
    refuseUnsupported(resources);
    this.#apply('memory', memory(resources, this.#swapLimit(resources)));
    this.#apply('cpu', cpu(resources));
    this.#apply('cpuset', cpuset(resources));
    this.#apply('pids', pids(resources));
    if (this.paths.devices || resources.devices?.length) this.#apply('devices', devices(resources));
  }

  #apply(controller: string, writes: readonly CgroupWrite[]): void {
    const dir = this.paths[controller];
    for (const write of writes) {
      if (dir === undefined) throw notMounted(controller, write.field);
      writeCgroupFile(dir, write);
    }
  }

  /** The present limit of memory and swap, if it matters. */
  #swapLimit({ memory: { limit, swap } = {} }: Resources): number | undefined {
    const dir = this.paths.memory;
    return limit && swap && dir ? Number(readCgroupFile(dir, 'memory.memsw.limit_in_bytes')) : undefined;
  }

  processes(): number[] {
    return processesBelow(this.#anyDir);
  }

  get #anyDir(): string {
    return this.paths.devices ?? (this.#dirs[0] as string);
  }

  kill(signal: number = SIGKILL): void {
    // What is frozen cannot fork a process that is not in the list. It dies when it is thawed.
    if (signal === SIGKILL) this.#setFreezer('FROZEN');
    try {
      signalProcesses(this.processes(), signal);
    } finally {
      if (signal === SIGKILL) this.#setFreezer('THAWED');
    }
  }

  #setFreezer(value: string): void {
    const { freezer } = this.paths;
    if (freezer !== undefined) writeCgroupFile(freezer, { file: 'freezer.state', value, optional: true });
  }

  frozen(): boolean {
    const { freezer } = this.paths;
    // FREEZING is how it stays if a process waits for a device.
    return freezer !== undefined && readCgroupFileIfThere(freezer, 'freezer.state').startsWith('FR');
  }

  remove(): void {
    removeDirectories(this.#dirs);
    unmakeDirectories(this.#madeParents);
  }
}

function notMounted(controller: string, field: string | undefined): RuntimeError {
  return new RuntimeError(`cgroup controller ${controller} is not mounted`, {
    code: 'CGROUP_CONTROLLER',
    field,
    hint: 'mount it, or leave out what needs it',
  });
}
