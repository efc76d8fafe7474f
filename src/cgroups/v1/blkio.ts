// Pure.
import type { BlockIO, Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

const THROTTLE = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device'],
] as const;

/**
 * linux.resources.blockIO as files of the v1 controller. A weight of 0 is as good as absent, a rate of 0 lifts a
 * limit. Leaf weights went with the scheduler CFQ in Linux 5.0.
 */
export function blkio({ blockIO = {} }: Resources): CgroupWrite[] {
  const { weight, leafWeight } = blockIO;
  const writes: CgroupWrite[] = [];
  if (weight) writes.push(weightOf('weight', weight, 'blockIO.weight'));
  if (leafWeight) writes.push(write('blkio.leaf_weight', leafWeight, 'blockIO.leafWeight'));
  return [...writes, ...deviceWeights(blockIO), ...throttles(blockIO)];
}

/** The files of the scheduler BFQ have its name in theirs, except on some kernels. */
function weightOf(name: string, value: string | number, property: string): CgroupWrite {
  const otherwise = write(`blkio.${name}`, value, property);
  return { ...write(`blkio.bfq.${name}`, value, property), otherwise };
}

function deviceWeights({ weightDevice = [] }: BlockIO): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const [index, { major, minor, weight, leafWeight }] of weightDevice.entries()) {
    const property = `blockIO.weightDevice[${index}]`;
    const device = `${major}:${minor}`;
    if (weight) writes.push(weightOf('weight_device', `${device} ${weight}`, `${property}.weight`));
    if (leafWeight)
      writes.push(write('blkio.leaf_weight_device', `${device} ${leafWeight}`, `${property}.leafWeight`));
  }
  return writes;
}

function throttles(blockIO: BlockIO): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const [key, file] of THROTTLE) {
    for (const [index, { major, minor, rate = 0 }] of (blockIO[key] ?? []).entries()) {
      const { value } = write(file, rate, key);
      writes.push(write(file, `${major}:${minor} ${value}`, `blockIO.${key}[${index}]`));
    }
  }
  return writes;
}
