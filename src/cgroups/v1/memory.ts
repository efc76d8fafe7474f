// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * linux.resources.memory as files of the v1 controller. Bytes; -1 is unlimited; 0 is as good as absent.
 * `swapNow` is the present limit of memory and swap together. The kernel never lets it be below that of memory
 * alone, so it decides which of the two has to be written first.
 */
export function memory({ memory = {} }: Resources, swapNow = Number.POSITIVE_INFINITY): CgroupWrite[] {
  const { limit = 0, swap = 0, reservation, kernel, kernelTCP, swappiness, disableOOMKiller } = memory;
  const writes: CgroupWrite[] = [];
  if (limit) writes.push(write('memory.limit_in_bytes', limit, 'memory.limit'));
  const swapWrite =
    limit === -1 && !swap ? liftSwap() : write('memory.memsw.limit_in_bytes', swap, 'memory.swap');
  if (swapWrite.value !== '0') {
    if (limit > 0 && limit <= swapNow) writes.push(swapWrite);
    else writes.unshift(swapWrite);
  }
  if (reservation) writes.push(write('memory.soft_limit_in_bytes', reservation, 'memory.reservation'));
  // Kernels from 5.16 on refuse it, or take it without effect.
  if (kernel)
    writes.push({ ...write('memory.kmem.limit_in_bytes', kernel, 'memory.kernel'), optional: true });
  if (kernelTCP) writes.push(write('memory.kmem.tcp.limit_in_bytes', kernelTCP, 'memory.kernelTCP'));
  if (isSwappiness(swappiness)) writes.push(write('memory.swappiness', swappiness, 'memory.swappiness'));
  if (disableOOMKiller) writes.push(write('memory.oom_control', 1, 'memory.disableOOMKiller'));
  return writes;
}

/** Unlimited memory with the old limit on the sum would be no change at all. */
function liftSwap(): CgroupWrite {
  return { ...write('memory.memsw.limit_in_bytes', -1, 'memory.limit'), optional: true };
}

/** Engines say -1, which is 2^64 - 1 in an unsigned field, for "leave it". */
export function isSwappiness(value: number | undefined): value is number {
  return value !== undefined && value <= 2 ** 63;
}
