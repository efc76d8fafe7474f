// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, orMax, write } from '../write.ts';

/**
 * linux.resources.pids; the file is the same in version 2. -1 is unlimited. A limit of 0 becomes 1, which is the same
 * for a container, whose first process is there already, and is also what systemd can express.
 */
export function pids({ pids }: Resources): CgroupWrite[] {
  if (pids === undefined) return [];
  return [write('pids.max', orMax(pids.limit || 1), 'pids.limit')];
}
