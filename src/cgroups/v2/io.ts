// Pure.
import type { BlockIO, Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

const THROTTLE = [
  ['throttleReadBpsDevice', 'rbps'],
  ['throttleWriteBpsDevice', 'wbps'],
  ['throttleReadIOPSDevice', 'riops'],
  ['throttleWriteIOPSDevice', 'wiops'],
] as const;

/**
 * linux.resources.blockIO as files of version 2, without leaf weights, which it does not have. A weight of 0 is as
 * good as absent, a rate of 0 lifts a limit, as in version 1.
 */
export function io({ blockIO = {} }: Resources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (blockIO.weight) writes.push(weight('', blockIO.weight, 'blockIO.weight'));
  for (const [index, device] of (blockIO.weightDevice ?? []).entries()) {
    const property = `blockIO.weightDevice[${index}].weight`;
    if (device.weight) writes.push(weight(`${device.major}:${device.minor} `, device.weight, property));
  }
  return [...writes, ...throttles(blockIO)];
}

/** For the scheduler BFQ, which takes a weight as it is; without it for the controller's own, iocost. */
function weight(device: string, value: number, property: string): CgroupWrite {
  const otherwise = write('io.weight', `${device}${ioWeight(value)}`, property);
  return { ...write('io.bfq.weight', `${device}${value}`, property), otherwise };
}

/** A weight of blkio (10 to 1000) as one of io (1 to 10000), by the line that runc and crun agreed on. */
export function ioWeight(weight: number): number {
  return Math.max(1, Math.floor(1 + ((weight - 10) * 9999) / 990));
}

function throttles(blockIO: BlockIO): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const [key, name] of THROTTLE) {
    for (const [index, { major, minor, rate }] of (blockIO[key] ?? []).entries()) {
      const { value } = write('io.max', rate || 'max', key);
      writes.push(write('io.max', `${major}:${minor} ${name}=${value}`, `blockIO.${key}[${index}]`));
    }
  }
  return writes;
}
