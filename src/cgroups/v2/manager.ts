// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { SIGKILL } from '../../linux/signal.ts';
import type { DeviceRule, Resources } from '../../spec/config.ts';
import { warnOfDeprecated } from '../deprecated.ts';
import { makeDirectory, removeDirectories, unmakeDirectories } from '../directory.ts';
import { joinOwn, readCgroupFileIfThere, writeCgroupFile } from '../file.ts';
import { freezeAll } from '../freeze.ts';
import { hugePageSizes } from '../huge-pages.ts';
import { type OomWatch, watchOomV2 } from '../oom.ts';
import { whereAllowed } from '../privileges.ts';
import { processesBelow, signalProcesses } from '../processes.ts';
import { refuseReuse } from '../reuse.ts';
import { restoreFiles, type SavedFile, saveFiles } from '../saved.ts';
import type { CgroupStats } from '../stats/types.ts';
import { v2Stats } from '../stats/v2.ts';
import type { Cgroup } from '../types.ts';
import { enableControllers } from './controllers.ts';
import { filterDevices } from './devices.ts';
import { giveCgroup } from './ownership.ts';
import { type Failures, setResources, unifiedWrites } from './resources.ts';

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
  #failures: Failures = new Map();

  constructor(dir: string, place?: V2Place) {
    this.paths = { '': dir };
    this.#ownProcs = place?.ownProcs;
    this.#dir = dir;
    this.#top = place?.mountPoint;
  }

  create(own?: number): void {
    const made: string[] = [];
    try {
      const isNew = makeDirectory(this.#dir, made);
      refuseReuse(this, isNew ? [] : [this.#dir], own);
      refuseThreaded(this.#dir);
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

  joined(): void {}

  set(resources: Resources): void {
    warnOfDeprecated(resources);
    setResources(this.#dir, resources, this.#failures);
  }

  save(resources: Resources): SavedFile[] {
    return saveFiles(unifiedWrites(resources).map(([, writes]) => [this.#dir, writes] as const));
  }

  restore(saved: readonly SavedFile[]): void {
    restoreFiles(saved);
  }

  setDevices(rules: readonly DeviceRule[]): void {
    whereAllowed(() => filterDevices(this.#dir, rules));
  }

  giveTo(uid: number): void {
    whereAllowed(() => giveCgroup(this.#dir, uid));
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

  freeze(): void {
    freezeAll({
      set: (frozen) => this.#setFrozen(frozen),
      isFrozen: () => this.frozen(),
      processes: () => this.processes(),
    });
  }

  thaw(): void {
    this.#setFrozen(false);
  }

  #setFrozen(frozen: boolean): void {
    writeCgroupFile(this.#dir, { file: 'cgroup.freeze', value: frozen ? '1' : '0' });
  }

  stats(): CgroupStats {
    return v2Stats((_, file) => readCgroupFileIfThere(this.#dir, file), hugePageSizes());
  }

  watchOom(): OomWatch | undefined {
    return watchOomV2(this.#dir);
  }

  frozen(): boolean {
    return readCgroupFileIfThere(this.#dir, 'cgroup.events').includes('frozen 1');
  }

  remove(): void {
    removeDirectories([this.#dir]);
    unmakeDirectories(this.#madeParents);
  }
}

/** A process cannot join such a cgroup, and most controllers have no limits there. Source: cgroups(7), cgroup.type. */
function refuseThreaded(dir: string): void {
  const type = readCgroupFileIfThere(dir, 'cgroup.type');
  if (type !== 'threaded' && type !== 'domain invalid') return;
  throw new RuntimeError(
    `linux.cgroupsPath: ${dir} is ${JSON.stringify(type)}: it can have threads only, not processes`,
    {
      code: 'CGROUP_THREADED',
      field: 'linux.cgroupsPath',
      hint: 'the cgroup above it is threaded, or has threaded ones: choose a path that is not below',
    },
  );
}
