// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * linux.resources.cpu as files of version 2, without cpus and mems. Microseconds; a negative quota is unlimited; 0 is
 * as good as absent but for burst and idle.
 */
export function cpu({ cpu = {} }: Resources): CgroupWrite[] {
  const { shares, quota, period, burst, idle } = cpu;
  const writes: CgroupWrite[] = [];
  // The kernel refuses a weight while a cgroup is idle.
  if (idle === 0) writes.push({ ...write('cpu.idle', 0, 'cpu.idle'), optional: true });
  if (shares) writes.push(write('cpu.weight', weightOf(shares), 'cpu.shares'));
  if (idle) writes.push(write('cpu.idle', idle, 'cpu.idle'));
  if (quota || period) {
    const most = quota && quota > 0 ? quota : 'max';
    writes.push(write('cpu.max', period ? `${most} ${period}` : most, quota ? 'cpu.quota' : 'cpu.period'));
  }
  // After the quota, which it is checked against.
  if (burst !== undefined)
    writes.push({ ...write('cpu.max.burst', burst, 'cpu.burst'), optional: burst === 0 });
  return writes;
}

/**
 * Shares (2 to 262144) as weight (1 to 10000), by the curve that runc and crun agreed on: 2 is 1, the default of 1024
 * is the default of 100, and the largest is the largest.
 */
export function weightOf(shares: number): number {
  const log = Math.log2(Math.min(Math.max(shares, 2), 262144));
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}
