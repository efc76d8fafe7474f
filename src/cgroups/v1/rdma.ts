// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/** linux.resources.rdma; the file is the same in version 2. One write for each device. */
export function rdma({ rdma = {} }: Resources): CgroupWrite[] {
  return Object.entries(rdma).map(([device, { hcaHandles, hcaObjects }]) => {
    let limits = device;
    if (hcaHandles !== undefined) limits += ` hca_handle=${hcaHandles}`;
    if (hcaObjects !== undefined) limits += ` hca_object=${hcaObjects}`;
    return write('rdma.max', limits, `rdma.${device}`);
  });
}
