// Pure.
import type { Resources } from '../../spec/config.ts';
import type { CgroupWrite } from '../write.ts';
import { blkio } from './blkio.ts';
import { cpu } from './cpu.ts';
import { cpuset } from './cpuset.ts';
import { hugetlb } from './hugetlb.ts';
import { memory } from './memory.ts';
import { netCls } from './net-cls.ts';
import { netPrio } from './net-prio.ts';
import { pids } from './pids.ts';
import { rdma } from './rdma.ts';

/**
 * The values of the files of version 1, by controller, in the order in which they are to be written. `swapLimit` is the
 * present limit of memory and swap, as memory() wants it.
 */
export function legacyWrites(
  resources: Resources,
  swapLimit?: number,
): [controller: string, writes: CgroupWrite[]][] {
  return [
    ['memory', memory(resources, swapLimit)],
    ['cpu', cpu(resources)],
    ['cpuset', cpuset(resources)],
    ['pids', pids(resources)],
    ['blkio', blkio(resources)],
    ['hugetlb', hugetlb(resources)],
    ['net_cls', netCls(resources)],
    ['net_prio', netPrio(resources)],
    ['rdma', rdma(resources)],
  ];
}
