// Pure.
import { RuntimeError } from '../../errors.ts';
import type { Memory, Resources } from '../../spec/config.ts';
import { type CgroupWrite, orMax, write } from '../write.ts';

/** linux.resources.memory as files of version 2. Bytes; -1 is unlimited; 0 is as good as absent. */
export function memory({ memory = {} }: Resources): CgroupWrite[] {
  const { limit, reservation } = memory;
  const writes: CgroupWrite[] = [];
  const swap = swapAlone(memory);
  // A kernel without swap accounting has no file for it; "none" and "all" are then what it does or cannot be told.
  if (swap !== undefined) {
    writes.push({ ...write('memory.swap.max', orMax(swap), 'memory.swap'), optional: swap <= 0 });
  }
  if (limit) writes.push(write('memory.max', orMax(limit), 'memory.limit'));
  if (reservation) writes.push(write('memory.low', orMax(reservation), 'memory.reservation'));
  return writes;
}

/** Version 2 limits swap by itself, the configuration the sum of memory and swap. */
function swapAlone({ limit = 0, swap = 0 }: Memory): number | undefined {
  if (swap === 0) return limit === -1 ? -1 : undefined;
  if (swap < 0) return -1;
  if (limit <= 0) throw badSwap('a limit of memory and swap needs a limit of memory');
  if (swap < limit) throw badSwap(`the limit of memory and swap, ${swap}, is below that of memory, ${limit}`);
  return swap - limit;
}

function badSwap(message: string): RuntimeError {
  return new RuntimeError(message, { code: 'CONFIG_INVALID', field: 'linux.resources.memory.swap' });
}
