// Runs on the host.
import { readFile } from '../../linux/file.ts';
import { Placeholder } from '../../linux/placeholder.ts';
import type { DeviceRule, Resources } from '../../spec/config.ts';
import type { OomWatch } from '../oom.ts';
import { refuseReuse } from '../reuse.ts';
import { orWarn, restoreFiles, type SavedFile, saveFiles } from '../saved.ts';
import type { CgroupStats } from '../stats/types.ts';
import type { Cgroup } from '../types.ts';
import { legacyWrites } from '../v1/resources.ts';
import { unifiedWrites } from '../v2/resources.ts';
import type { CgroupWrite } from '../write.ts';
import { deviceProperties } from './devices.ts';
import { baseProperties, resourceProperties, type UnitProperty } from './properties.ts';
import type { Systemd } from './systemd.ts';

/** A unit of systemd: of an existing container's the name is enough. */
export interface Unit {
  unit: string;
  slice?: string;
  /** Properties that annotations ask for. */
  properties?: readonly UnitProperty[];
}

/**
 * A cgroup that systemd makes, as the unit of a container, and that is ours below that (Delegate=). Limits are told to
 * systemd and written to the files as well, by `inner`, which does everything that systemd has no word for.
 *
 * systemd wants a process for a scope, and init joins late: a placeholder is in it until then.
 */
export class SystemdCgroup implements Cgroup {
  readonly paths: Cgroup['paths'];
  readonly #inner: Cgroup;
  readonly unit: string;
  readonly #unit: Unit;
  readonly #systemd: Systemd;
  readonly #unified: boolean;
  #placeholder: Placeholder | undefined;

  constructor(inner: Cgroup, unit: Unit, systemd: Systemd) {
    this.paths = inner.paths;
    this.#inner = inner;
    this.#unit = unit;
    this.unit = unit.unit;
    this.#systemd = systemd;
    this.#unified = Object.keys(inner.paths).every((controller) => controller === '');
  }

  create(): void {
    const { unit, slice = '', properties = [] } = this.#unit;
    refuseReuse(this.#inner, Object.values(this.paths));
    this.#placeholder = new Placeholder();
    try {
      const base = baseProperties({ unit, slice }, this.#placeholder.pid, this.#unified);
      this.#systemd.startUnit(unit, [...base, ...properties]);
      this.#inner.create(this.#placeholder.pid);
    } catch (thrown) {
      this.joined();
      this.#systemd.stopUnit(unit);
      throw thrown;
    }
  }

  /** systemd has its hands on all hierarchies at once: no process may be in one of them before it is in the others. */
  prepareJoin(): void {}

  joinFiles(): string[] {
    return this.#inner.joinFiles();
  }

  joined(): void {
    this.#placeholder?.[Symbol.dispose]();
    this.#placeholder = undefined;
  }

  set(resources: Resources): void {
    const groups = this.#unified ? unifiedWrites(resources) : legacyWrites(resources);
    this.#tell(groups.flatMap(([, values]) => values));
    this.#inner.set(resources);
  }

  #tell(writes: readonly CgroupWrite[]): void {
    if (writes.length === 0) return;
    const version = this.#systemd.version();
    this.#setProperties(resourceProperties(writes, { unified: this.#unified, version }));
  }

  /** With each change systemd writes all that it knows anew, some of it rounded: that is set right at once. */
  #setProperties(properties: readonly UnitProperty[]): void {
    const { '': unified, cpu, blkio } = this.paths;
    const rounded = saveFiles([
      [this.#unified ? unified : undefined, writesTo('cpu.max', 'io.bfq.weight', 'io.weight')],
      [cpu, writesTo('cpu.cfs_period_us', 'cpu.cfs_quota_us')],
      [blkio, writesTo('blkio.bfq.weight')],
    ]);
    this.#systemd.setProperties(this.unit, properties);
    restoreFiles(rounded);
  }

  save(resources: Resources): SavedFile[] {
    return this.#inner.save(resources);
  }

  restore(saved: readonly SavedFile[]): void {
    orWarn(() => this.#tell(saved.toReversed()));
    this.#inner.restore(saved);
  }

  setDevices(rules: readonly DeviceRule[], inForce?: readonly DeviceRule[]): void {
    if (!this.#unified) this.#setProperties(deviceProperties(rules, readFile('/proc/devices')));
    this.#inner.setDevices(rules, inForce);
  }

  giveTo(uid: number): void {
    this.#inner.giveTo(uid);
  }

  processes(): number[] {
    return this.#inner.processes();
  }

  kill(signal?: number): void {
    this.#inner.kill(signal);
  }

  freeze(): void {
    this.#inner.freeze();
  }

  thaw(): void {
    this.#inner.thaw();
  }

  stats(): CgroupStats {
    return this.#inner.stats();
  }

  watchOom(): OomWatch | undefined {
    return this.#inner.watchOom();
  }

  frozen(): boolean {
    return this.#inner.frozen();
  }

  /** What systemd has not made, and what it leaves behind, goes the usual way. */
  remove(): void {
    this.joined();
    this.#systemd.stopUnit(this.unit);
    this.#inner.remove();
  }
}

/** Files that are to be saved, whatever is written to them. */
function writesTo(...files: string[]): CgroupWrite[] {
  return files.map((file) => ({ file, value: 'default' }));
}
