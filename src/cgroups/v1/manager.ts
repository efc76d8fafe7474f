// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { readFile } from '../../linux/file.ts';
import { SIGKILL } from '../../linux/signal.ts';
import type { DeviceRule, Resources } from '../../spec/config.ts';
import { warnOfDeprecated } from '../deprecated.ts';
import { makeDirectory, removeDirectories, unmakeDirectories } from '../directory.ts';
import { joinCgroup, readCgroupFile, readCgroupFileIfThere, writeCgroupFile } from '../file.ts';
import { freezeAll } from '../freeze.ts';
import { hugePageSizes } from '../huge-pages.ts';
import { parseHierarchies, unifiedTop } from '../mode.ts';
import { type OomWatch, watchOomV1 } from '../oom.ts';
import { whereAllowed } from '../privileges.ts';
import { processesBelow, signalProcesses } from '../processes.ts';
import { refuseReuse } from '../reuse.ts';
import { restoreFiles, type SavedFile, saveFiles } from '../saved.ts';
import type { CgroupStats, ReadFile } from '../stats/types.ts';
import { v1Stats } from '../stats/v1.ts';
import type { Cgroup } from '../types.ts';
import { enableControllers } from '../v2/controllers.ts';
import { filterDevices } from '../v2/devices.ts';
import { type Failures, setResources, unifiedWrites } from '../v2/resources.ts';
import type { CgroupWrite } from '../write.ts';
import { fillCpuset } from './cpuset.ts';
import { devices } from './devices.ts';
import { splitResources } from './lacking.ts';
import { legacyWrites } from './resources.ts';

/** A cgroup in the hierarchies of version 1 and, on a hybrid host, in the one of version 2. */
export class V1Cgroup implements Cgroup {
  readonly paths: Readonly<Record<string, string>>;
  /** Without repetition: controllers may share a hierarchy. */
  readonly #dirs: string[] = [];
  readonly #madeParents: string[] = [];
  readonly #unifiedTop: string | undefined;
  /** Whether the half of version 2 restrains its processes. */
  #unifiedLimits = false;
  #unifiedJoined = false;

  /** `unifiedTop` is where version 2 is mounted; of a reopened cgroup that is looked up where it is needed. */
  constructor(paths: Readonly<Record<string, string>>, unifiedTop?: string) {
    this.paths = paths;
    this.#unifiedTop = unifiedTop;
    for (const dir of Object.values(paths)) if (!this.#dirs.includes(dir)) this.#dirs.push(dir);
  }

  create(own?: number): void {
    const made: string[] = [];
    const existing: string[] = [];
    try {
      for (const dir of this.#dirs) {
        const before = made.length;
        if (!makeDirectory(dir, made)) existing.push(dir);
        if (dir === this.paths.cpuset) fillCpuset(dir, made.slice(before));
      }
      refuseReuse(this, existing, own);
    } catch (thrown) {
      unmakeDirectories(made);
      throw thrown;
    }
    for (const dir of made) if (!this.#dirs.includes(dir)) this.#madeParents.push(dir);
  }

  /** As long as the half of version 2 limits nothing, an engine may start in it. */
  prepareJoin(pid: number): void {
    const unified = this.paths[''];
    if (unified === undefined || this.#unifiedLimits) return;
    joinCgroup(unified, pid);
    this.#unifiedJoined = true;
  }

  /** `tasks`, not `cgroup.procs`: for a single thread that moves itself the kernel stops nobody and does not wait. */
  joinFiles(): string[] {
    const unified = this.paths[''];
    const files = this.#dirs.filter((dir) => dir !== unified).map((dir) => `${dir}/tasks`);
    return unified === undefined || this.#unifiedJoined ? files : [...files, `${unified}/cgroup.procs`];
  }

  joined(): void {}

  set(resources: Resources): void {
    warnOfDeprecated(resources);
    const { version1, version2 } = this.#split(resources);
    for (const [controller, values] of this.#legacyWrites(version1)) this.#apply(controller, values);
    if (version2 !== undefined) this.#setUnified(version2);
  }

  save(resources: Resources): SavedFile[] {
    const { version1, version2 } = this.#split(resources);
    // A controller has files where it is enabled.
    if (version2 !== undefined) this.#enableUnified();
    return saveFiles([
      ...this.#legacyWrites(version1).map(
        ([controller, writes]) => [this.paths[controller], writes] as const,
      ),
      ...unifiedWrites(version2 ?? {}).map(([, writes]) => [this.paths[''], writes] as const),
    ]);
  }

  restore(saved: readonly SavedFile[]): void {
    restoreFiles(saved);
  }

  #legacyWrites(resources: Resources): ReturnType<typeof legacyWrites> {
    return legacyWrites(resources, this.#swapLimit(resources));
  }

  #split(resources: Resources): ReturnType<typeof splitResources> {
    const hasUnified = this.paths[''] !== undefined;
    if (!hasUnified && Object.keys(resources.unified ?? {}).length > 0) throw noUnified();
    return splitResources(resources, (controller) => !hasUnified || this.paths[controller] !== undefined);
  }

  #apply(controller: string, writes: readonly CgroupWrite[]): void {
    const dir = this.paths[controller];
    for (const write of writes) {
      if (dir === undefined) throw notMounted(controller, write.field);
      writeCgroupFile(dir, write);
    }
  }

  #setUnified(resources: Resources): void {
    setResources(this.paths[''] as string, resources, this.#enableUnified());
    this.#unifiedLimits = true;
  }

  #enableUnified(): Failures {
    const top = this.#unifiedTop ?? mountedUnified();
    return top === undefined ? new Map() : enableControllers(top, this.paths[''] as string);
  }

  /** The present limit of memory and swap, if it matters. */
  #swapLimit({ memory: { limit, swap } = {} }: Resources): number | undefined {
    const dir = this.paths.memory;
    return limit && swap && dir ? Number(readCgroupFile(dir, 'memory.memsw.limit_in_bytes')) : undefined;
  }

  setDevices(rules: readonly DeviceRule[], inForce?: readonly DeviceRule[]): void {
    const { devices: dir, '': unified } = this.paths;
    if (dir === undefined && unified !== undefined) {
      whereAllowed(() => filterDevices(unified, rules));
    } else if (dir !== undefined || rules.length > 0) {
      whereAllowed(() => this.#apply('devices', devices(rules, inForce)));
    }
  }

  /** Handing over is not safe in version 1; the specification says not to. */
  giveTo(): void {}

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

  freeze(): void {
    const { freezer } = this.paths;
    if (freezer === undefined) throw notMounted('freezer');
    freezeAll({
      set: (frozen) => this.#setFreezer(frozen ? 'FROZEN' : 'THAWED'),
      isFrozen: () => readCgroupFileIfThere(freezer, 'freezer.state') === 'FROZEN',
      processes: () => this.processes(),
    });
  }

  thaw(): void {
    this.#setFreezer('THAWED');
  }

  stats(): CgroupStats {
    const read: ReadFile = (controller, file) => {
      const dir = this.paths[controller];
      return dir === undefined ? '' : readCgroupFileIfThere(dir, file);
    };
    return v1Stats(read, this.paths.hugetlb === undefined ? [] : hugePageSizes());
  }

  watchOom(): OomWatch | undefined {
    const { memory } = this.paths;
    return memory === undefined ? undefined : watchOomV1(memory);
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

function mountedUnified(): string | undefined {
  return unifiedTop(parseHierarchies(readFile('/proc/self/mountinfo'), readFile('/proc/self/cgroup')));
}

function notMounted(controller: string, field?: string): RuntimeError {
  const subject = field === undefined ? '' : `${field}: `;
  return new RuntimeError(`${subject}cgroup controller ${controller} is not mounted`, {
    code: 'CGROUP_CONTROLLER',
    field,
    hint: 'mount it, or leave out what needs it',
  });
}

function noUnified(): RuntimeError {
  const field = 'linux.resources.unified';
  const hint = 'mount cgroup2 on /sys/fs/cgroup/unified, or use the properties of version 1';
  const message = `${field} needs cgroup version 2, of which nothing is mounted here`;
  return new RuntimeError(message, { code: 'CGROUP_VERSION', field, hint });
}
