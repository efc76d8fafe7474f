import type { BlockIO, Cpu, Memory, Resources } from './config.ts';

/** linux.resources after an update, and of that what has to be set: every group that the update touches, in full. */
export interface ResourceUpdate {
  merged: Resources;
  touched: Resources;
}

/**
 * Applies an update to linux.resources. What is absent, empty or 0 stays as it is: engines send all that they know.
 * Lists are merged by what they are about; device rules come after those that there are.
 */
export function updateResources(old: Resources, change: Resources): ResourceUpdate {
  const touched: Record<string, unknown> = {};
  const set = (key: keyof Resources, value: unknown): void => {
    if (value !== undefined) touched[key] = value;
  };
  set('memory', memory(old.memory, change.memory));
  set('cpu', cpu(old.cpu, change.cpu));
  set('pids', change.pids?.limit ? change.pids : undefined);
  set('blockIO', blockIO(old.blockIO, change.blockIO));
  set(
    'hugepageLimits',
    upsert(old.hugepageLimits, change.hugepageLimits, ({ pageSize }) => pageSize),
  );
  set('network', change.network && { ...old.network, ...change.network });
  set('rdma', change.rdma && { ...old.rdma, ...change.rdma });
  set('unified', change.unified && { ...old.unified, ...change.unified });
  set('devices', change.devices?.length ? [...(old.devices ?? []), ...change.devices] : undefined);
  const cpus = touched.cpu === undefined ? {} : { cpu: { ...old.cpu, ...touched.cpu } };
  return { merged: { ...old, ...touched, ...cpus }, touched };
}

/** Without the properties that an engine sends as 0 or "" because it knows nothing of them; `kept` may be 0. */
function asked<T extends object>(values: T, ...kept: (keyof T)[]): Partial<T> {
  const entries = Object.entries(values).filter(([key, value]) => value || kept.includes(key as keyof T));
  return Object.fromEntries(entries) as Partial<T>;
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function memory(old: Memory = {}, change: Memory = {}): Memory | undefined {
  const wanted = asked(change, 'swappiness', 'disableOOMKiller');
  if (isEmpty(wanted)) return undefined;
  // Without a limit of memory there can be none of memory and swap.
  const swap = wanted.limit === -1 && !wanted.swap ? { swap: -1 } : {};
  return { ...old, ...wanted, ...swap };
}

function cpu(old: Cpu = {}, change: Cpu = {}): Cpu | undefined {
  const wanted = asked(change, 'burst', 'idle');
  if (isEmpty(wanted)) return undefined;
  const all = { ...old, ...wanted };
  return wanted.shares === undefined ? withoutLostShares(all) : all;
}

/** The kernel takes no shares while a cgroup is idle, and has forgotten them when it no longer is. */
function withoutLostShares({ shares, ...others }: Cpu): Cpu {
  return others.idle || shares === undefined ? others : { shares, ...others };
}

function blockIO(old: BlockIO = {}, change: BlockIO = {}): BlockIO | undefined {
  const wanted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(change)) {
    const device = ({ major, minor }: { major: number; minor: number }): string => `${major}:${minor}`;
    const merged = Array.isArray(value)
      ? upsert(old[key as keyof BlockIO] as typeof value, value, device)
      : value;
    if (merged) wanted[key] = merged;
  }
  return isEmpty(wanted) ? undefined : { ...old, ...wanted };
}

/** The old list with the entries of the new one in place of those about the same; undefined when nothing is new. */
function upsert<T>(
  old: readonly T[] = [],
  change: readonly T[] = [],
  keyOf: (item: T) => string,
): readonly T[] | undefined {
  if (change.length === 0) return undefined;
  const items = new Map([...old, ...change].map((item) => [keyOf(item), item]));
  return [...items.values()];
}
