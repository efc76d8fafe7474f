// Pure.
import { RuntimeError } from '../../errors.ts';
import type { DbusValue, Variant } from '../../linux/dbus.ts';
import { bitmapOf } from '../../spec/number-list.ts';
import { ioWeight } from '../v2/io.ts';
import type { CgroupWrite } from '../write.ts';
import { parseGvariant } from './gvariant.ts';
import type { UnitPlace } from './unit.ts';

/** One property of a unit as StartTransientUnit and SetUnitProperties take it. */
export type UnitProperty = [name: string, value: Variant];

export const property = (name: string, signature: string, value: DbusValue): UnitProperty => [
  name,
  { signature, value },
];

/** What every unit of a container has. `pid` is its first process. Source: systemd.scope(5), CGROUP_DELEGATION. */
export function baseProperties(
  place: Pick<UnitPlace, 'unit' | 'slice'>,
  pid: number,
  unified: boolean,
): UnitProperty[] {
  const { unit, slice } = place;
  const accounting = ['MemoryAccounting', 'CPUAccounting', 'TasksAccounting'];
  accounting.push(unified ? 'IOAccounting' : 'BlockIOAccounting');
  const isSlice = unit.endsWith('.slice');
  return [
    property('Description', 's', `trunc container ${unit}`),
    isSlice ? property('Wants', 'as', [slice]) : property('Slice', 's', slice),
    // A slice has no processes of its own, and nobody to delegate to.
    ...(isSlice ? [] : [property('Delegate', 'b', true), property('PIDs', 'au', [pid])]),
    ...accounting.map((name) => property(name, 'b', true)),
    property('DefaultDependencies', 'b', false),
  ];
}

/** Annotations that begin so are properties of the unit. A dot at the end: all that begin with it. */
export const UNIT_PROPERTY_PREFIX = 'org.systemd.property.';
const SECOND = 1_000_000;

/** Annotations `org.systemd.property.NAME` with values in GVariant's text format; times in seconds too (`...Sec`). */
export function annotatedProperties(annotations: Readonly<Record<string, string>> = {}): UnitProperty[] {
  const found: UnitProperty[] = [];
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(UNIT_PROPERTY_PREFIX)) continue;
    const field = `annotations[${JSON.stringify(key)}]`;
    const name = key.slice(UNIT_PROPERTY_PREFIX.length);
    if (!/^[A-Z][A-Za-z]{2,}$/.test(name)) throw badAnnotation(field, `"${name}" is no name of a property`);
    try {
      found.push(inMicroseconds(name, parseGvariant(text)));
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
      throw badAnnotation(field, `${JSON.stringify(text)}: ${thrown.message}`);
    }
  }
  return found;
}

function badAnnotation(field: string, reason: string): RuntimeError {
  const hint = `values are GVariant text, such as "uint64 5" or "'text'"`;
  return new RuntimeError(`${field}: ${reason}`, { code: 'CONFIG_INVALID', field, hint });
}

/** systemd documents times as `TimeoutStopSec`, and has them on the bus as `TimeoutStopUSec`. */
function inMicroseconds(name: string, variant: Variant): UnitProperty {
  const value = Number(variant.value);
  if (!/[^U]Sec$/.test(name) || !Number.isFinite(value)) return [name, variant];
  return property(name.replace(/Sec$/, 'USec'), 't', BigInt(Math.round(value * SECOND)));
}

const INFINITY = 2n ** 64n - 1n;

/** Whatever the kernel takes in its file: a number may have a unit. What it does not take is for it to refuse. */
const limit =
  (name: string) =>
  (value: string): UnitProperty | undefined => {
    if (value === 'max' || value === '-1') return property(name, 't', INFINITY);
    const [, digits, unit = ''] = /^(?:default )?(\d+)([kmgt]?)$/i.exec(value) ?? [];
    if (digits === undefined) return undefined;
    return property(name, 't', BigInt(digits) << BigInt(10 * ' kmgt'.indexOf(unit.toLowerCase() || ' ')));
  };

const cpuSet =
  (name: string) =>
  (value: string): UnitProperty =>
    property(name, 'ay', [...bitmapOf(value)]);

interface Rule {
  /** The first version of systemd that knows the property. */
  since?: number;
  /** Undefined for what systemd has no word for. */
  make(value: string): UnitProperty | undefined;
}

/** A cgroup's file → what systemd calls it. Whatever is not here is written to the file alone. */
const unifiedRules: Readonly<Record<string, Rule>> = {
  'cpu.weight': { make: limit('CPUWeight') },
  'cpu.idle': { since: 252, make: (value) => property('CPUWeight', 't', value === '1' ? 0n : 100n) },
  'cpuset.cpus': { since: 244, make: cpuSet('AllowedCPUs') },
  'cpuset.mems': { since: 244, make: cpuSet('AllowedMemoryNodes') },
  'memory.max': { make: limit('MemoryMax') },
  'memory.high': { make: limit('MemoryHigh') },
  'memory.low': { make: limit('MemoryLow') },
  'memory.min': { make: limit('MemoryMin') },
  'memory.swap.max': { make: limit('MemorySwapMax') },
  'memory.oom.group': {
    since: 253,
    make: (value) => property('OOMPolicy', 's', value === '1' ? 'kill' : 'continue'),
  },
  'pids.max': { make: limit('TasksMax') },
  'io.weight': { make: limit('IOWeight') },
  'io.bfq.weight': {
    make: (value) => limit('IOWeight')(value.replace(/\d+$/, (weight) => String(ioWeight(Number(weight))))),
  },
};

const legacyRules: Readonly<Record<string, Rule>> = {
  'cpu.shares': { make: limit('CPUShares') },
  'memory.limit_in_bytes': { make: limit('MemoryLimit') },
  'blkio.bfq.weight': { make: limit('BlockIOWeight') },
  'pids.max': { make: limit('TasksMax') },
};

/**
 * What is written to a cgroup's files, told to systemd as well: it writes its own idea of them whenever it reloads.
 * `version` is systemd's.
 */
export function resourceProperties(
  writes: readonly CgroupWrite[],
  { unified, version }: { unified: boolean; version: number },
): UnitProperty[] {
  const rules = unified ? unifiedRules : legacyRules;
  const properties = new Map<string, UnitProperty>();
  for (const { file, value } of writes) {
    const rule = rules[file];
    if (rule === undefined || version < (rule.since ?? 0)) continue;
    const made = rule.make(value);
    if (made !== undefined) properties.set(made[0], made);
  }
  return [...properties.values(), ...quota(writes, version)];
}

const DEFAULT_PERIOD = 100_000;
const QUOTA_STEP = 10_000;
const PERIOD_SINCE = 242;

/** systemd counts the quota per second, in whole percents of a CPU: rounded up, so that the file's own fits in. */
function quota(writes: readonly CgroupWrite[], version: number): UnitProperty[] {
  const written = (file: string): string | undefined => writes.find((write) => write.file === file)?.value;
  const [most, length] = written('cpu.max')?.split(' ') ?? [
    written('cpu.cfs_quota_us'),
    written('cpu.cfs_period_us'),
  ];
  if (most === undefined && length === undefined) return [];
  const period = Number(length ?? DEFAULT_PERIOD);
  const amount = Number(most ?? 'max');
  const isLimited = amount > 0;
  if (!Number.isSafeInteger(period) || period <= 0) return [];
  const perSecond = Math.ceil((amount * SECOND) / period / QUOTA_STEP) * QUOTA_STEP;
  return [
    property('CPUQuotaPerSecUSec', 't', isLimited ? BigInt(perSecond) : INFINITY),
    ...(length !== undefined && version >= PERIOD_SINCE
      ? [property('CPUQuotaPeriodUSec', 't', BigInt(period))]
      : []),
  ];
}
