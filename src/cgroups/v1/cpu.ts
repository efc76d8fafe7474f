// Pure.
import { RuntimeError } from '../../errors.ts';
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * linux.resources.cpu as files of the v1 controller, without cpus and mems. Microseconds; a negative quota is
 * unlimited; 0 is as good as absent but for burst and idle.
 */
export function cpu({ cpu = {} }: Resources): CgroupWrite[] {
  const { shares, quota, period, burst, realtimeRuntime, realtimePeriod, idle } = cpu;
  if (shares) refuseClamped(shares);
  const writes: CgroupWrite[] = [];
  // The kernel refuses shares while a cgroup is idle.
  if (idle === 0) writes.push({ ...write('cpu.idle', 0, 'cpu.idle'), optional: true });
  if (shares) writes.push(write('cpu.shares', shares, 'cpu.shares'));
  if (idle) writes.push(write('cpu.idle', idle, 'cpu.idle'));
  // The quota is checked against the period, the burst against the quota.
  if (period) writes.push(write('cpu.cfs_period_us', period, 'cpu.period'));
  if (quota) writes.push(write('cpu.cfs_quota_us', quota, 'cpu.quota'));
  if (burst !== undefined)
    writes.push({ ...write('cpu.cfs_burst_us', burst, 'cpu.burst'), optional: burst === 0 });
  if (realtimePeriod) writes.push(write('cpu.rt_period_us', realtimePeriod, 'cpu.realtimePeriod'));
  if (realtimeRuntime) writes.push(write('cpu.rt_runtime_us', realtimeRuntime, 'cpu.realtimeRuntime'));
  return writes;
}

const MIN_SHARES = 2;
const MAX_SHARES = 262144;

/** The kernel would take the nearest that it can without a word. */
function refuseClamped(shares: number): void {
  if (shares >= MIN_SHARES && shares <= MAX_SHARES) return;
  const limit =
    shares < MIN_SHARES
      ? `minimum allowed cpu-shares is ${MIN_SHARES}`
      : `maximum allowed cpu-shares is ${MAX_SHARES}`;
  const field = 'linux.resources.cpu.shares';
  throw new RuntimeError(`${field}: the ${limit}, found ${shares}`, { code: 'CONFIG_INVALID', field });
}
