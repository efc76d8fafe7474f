// Runs on the host.
import { dirname } from '../../posix-path.ts';
import type { Resources } from '../../spec/config.ts';
import { readCgroupFile, writeCgroupFile } from '../file.ts';
import { type CgroupWrite, write } from '../write.ts';

/** linux.resources.cpu.cpus and mems; the files are the same in version 2. */
export function cpuset({ cpu = {} }: Resources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpu.cpus) writes.push(write('cpuset.cpus', cpu.cpus, 'cpu.cpus'));
  if (cpu.mems) writes.push(write('cpuset.mems', cpu.mems, 'cpu.mems'));
  return writes;
}

/**
 * Gives a v1 cpuset what its parent has: it starts empty, and no process can join an empty one. `made` are the
 * directories of the path that are new, parents first.
 */
export function fillCpuset(dir: string, made: readonly string[]): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const value = inherited(made[0] === undefined ? dir : dirname(made[0]), file);
    for (const fresh of made) writeCgroupFile(fresh, { file, value, field: 'linux.cgroupsPath' });
  }
}

/** What a cpuset has; one that was left empty is filled first. The root is never empty. */
function inherited(dir: string, file: string): string {
  const own = readCgroupFile(dir, file);
  if (own !== '') return own;
  const value = inherited(dirname(dir), file);
  writeCgroupFile(dir, { file, value, field: 'linux.cgroupsPath' });
  return value;
}
