// Pure.
import type { Resources } from '../../spec/config.ts';

/** The properties asked for that have no counterpart in version 2; runc leaves them out without a word. */
export function ignoredProperties({ memory = {}, cpu = {} }: Resources): string[] {
  const ignored: string[] = [];
  if (memory.swappiness !== undefined) ignored.push('linux.resources.memory.swappiness');
  if (memory.disableOOMKiller) ignored.push('linux.resources.memory.disableOOMKiller');
  if (cpu.realtimeRuntime) ignored.push('linux.resources.cpu.realtimeRuntime');
  if (cpu.realtimePeriod) ignored.push('linux.resources.cpu.realtimePeriod');
  return ignored;
}
