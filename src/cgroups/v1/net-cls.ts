// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/** linux.resources.network.classID as file of the v1 controller. 0 is how it starts. */
export function netCls({ network = {} }: Resources): CgroupWrite[] {
  return network.classID ? [write('net_cls.classid', network.classID, 'network.classID')] : [];
}
