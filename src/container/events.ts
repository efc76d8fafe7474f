import type { OomWatch } from '../cgroups/oom.ts';
import { reopenCgroup } from '../cgroups/open.ts';
import type { CgroupStats } from '../cgroups/stats/types.ts';
import { RuntimeError } from '../errors.ts';
import { takeNotice } from '../linux/event.ts';
import { poll } from '../linux/poll.ts';
import { openPidfd } from '../linux/signal.ts';
import type { ContainerOptions } from './options.ts';
import { isAlive, statusOf } from './status.ts';
import { type ContainerRecord, readRecord } from './store.ts';

/** One line of the `events` command. */
export type ContainerEvent =
  | { type: 'stats'; id: string; data: CgroupStats & { intel_rdt: object; network_interfaces: null } }
  | { type: 'oom'; id: string };

export interface EventOptions extends ContainerOptions {
  /** Milliseconds between two measurements. */
  interval: number;
}

/** What the container has used up to now. Throws when it has stopped. */
export function measure(options: ContainerOptions): ContainerEvent {
  const record = readRunning(options);
  const stats = whileAlive(record, () => statsOf(record));
  if (stats === undefined) throw stopped(options);
  return stats;
}

/** Calls `tell` with measurements, and with each lack of memory, until the container has ended. */
export function events(options: EventOptions, tell: (event: ContainerEvent) => void): void {
  const record = readRunning(options);
  using init = openPidfd(record.init_process_pid);
  const cgroup = reopenCgroup(record.cgroup_paths);
  const begun = whileAlive(record, () => {
    const watch = cgroup.watchOom();
    const report = newKills(watch, () => tell({ type: 'oom', id: record.id }));
    return { watch, report, stats: statsOf(record) };
  });
  if (init === undefined || begun === undefined) throw stopped(options);
  const { watch, report } = begun;
  tell(begun.stats);
  for (let next = performance.now() + options.interval; ; ) {
    const wait = Math.max(0, Math.ceil(next - performance.now()));
    const [ended, noticed] = poll([init.number, ...(watch === undefined ? [] : [watch.fd.number])], wait);
    if (noticed || ended) report();
    if (ended) return;
    if (performance.now() < next) continue;
    const stats = whileAlive(record, () => statsOf(record));
    if (stats !== undefined) tell(stats);
    next = performance.now() + options.interval;
  }
}

/** Returns a function that tells of the kills since its last call. */
function newKills(watch: OomWatch | undefined, tell: () => void): () => void {
  let known = watch?.count() ?? 0;
  return () => {
    if (watch === undefined) return;
    takeNotice(watch.fd);
    const count = watch.count();
    for (; known < count; known++) tell();
  };
}

function readRunning(options: ContainerOptions): ContainerRecord {
  const record = readRecord(options);
  const status = statusOf(options, record);
  // Before it is created it may have no cgroup.
  if (status !== 'stopped' && status !== 'creating') return record;
  throw stopped(options);
}

function stopped({ id }: ContainerOptions): RuntimeError {
  return new RuntimeError(`container with id ${id} is not running`, { code: 'NOT_RUNNING' });
}

/** What `read` finds in the container's cgroup; undefined when that may have been removed meanwhile. */
function whileAlive<T>(record: ContainerRecord, read: () => T): T | undefined {
  try {
    const found = read();
    return isAlive(record) ? found : undefined;
  } catch (error) {
    if (isAlive(record)) throw error;
    return undefined;
  }
}

function statsOf(record: ContainerRecord): ContainerEvent {
  const stats = reopenCgroup(record.cgroup_paths).stats();
  return { type: 'stats', id: record.id, data: { ...stats, intel_rdt: {}, network_interfaces: null } };
}
