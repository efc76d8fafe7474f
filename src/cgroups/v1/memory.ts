// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * linux.resources.memory as files of the v1 controller. Bytes; -1 is unlimited; 0 is as good as absent.
 * `swapNow` is the present limit of memory and swap together. The kernel never lets it be below that of memory
 * alone, so it decides which of the two has to be written first.
 */
export function memory({ memory = {} }: Resources, swapNow = Number.POSITIVE_INFINITY): CgroupWrite[] {
  const { limit = 0, swap = 0, reservation, swappiness, disableOOMKiller } = memory;
  const writes: CgroupWrite[] = [];
  if (limit) writes.push(write('memory.limit_in_bytes', limit, 'memory.limit'));
  const swapWrite =
    limit === -1 && !swap ? liftSwap : write('memory.memsw.limit_in_bytes', swap, 'memory.swap');
  if (swapWrite.value !== '0') {
    if (limit > 0 && limit <= swapNow) writes.push(swapWrite);
    else writes.unshift(swapWrite);
  }
  if (reservation) writes.push(write('memory.soft_limit_in_bytes', reservation, 'memory.reservation'));
  if (swappiness !== undefined) writes.push(write('memory.swappiness', swappiness, 'memory.swappiness'));
  if (disableOOMKiller) writes.push(write('memory.oom_control', 1, 'memory.disableOOMKiller'));
  return writes;
}

/** Unlimited memory with the old limit on the sum would be no change at all. */
const liftSwap = { ...write('memory.memsw.limit_in_bytes', -1, 'memory.limit'), optional: true };
