// Pure.
import { RuntimeError } from '../../errors.ts';
import type { Resources } from '../../spec/config.ts';
import { isSwappiness } from '../v1/memory.ts';

/**
 * Throws if something is asked for that version 2 has no counterpart of: the specification wants an error where a
 * conversion is not possible. What asks for nothing (0, false, an empty list) does not count.
 */
export function refuseVersion1Only({ memory = {}, cpu = {}, blockIO = {}, network = {} }: Resources): void {
  const asked: [property: string, value: unknown][] = [
    ['memory.kernelTCP', (memory.kernelTCP ?? 0) > 0],
    ['memory.swappiness', isSwappiness(memory.swappiness)],
    ['memory.disableOOMKiller', memory.disableOOMKiller],
    ['cpu.realtimeRuntime', cpu.realtimeRuntime],
    ['cpu.realtimePeriod', cpu.realtimePeriod],
    ['blockIO.leafWeight', blockIO.leafWeight],
    ['blockIO.weightDevice', blockIO.weightDevice?.some(({ leafWeight }) => leafWeight)],
    ['network.classID', network.classID],
    ['network.priorities', network.priorities?.length],
  ];
  for (const [property, value] of asked) if (value) throw noCounterpart(`linux.resources.${property}`);
}

function noCounterpart(field: string): RuntimeError {
  return new RuntimeError(`${field} exists in cgroup version 1 only, and this is version 2`, {
    code: 'CGROUP_VERSION',
    field,
    hint: 'leave it out; linux.resources.unified takes whatever version 2 has',
  });
}
