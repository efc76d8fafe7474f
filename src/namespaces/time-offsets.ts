// Runs on the host.
import { within } from '../errors.ts';
import { writeExisting } from '../linux/file.ts';
import type { TimeOffsets } from '../spec/config.ts';

/** The kernel's text of linux.timeOffsets. Source: time_namespaces(7). */
export function timeOffsetsText(offsets: TimeOffsets): string {
  return Object.entries(offsets)
    .map(([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\n`)
    .join('');
}

/** Writes the clock offsets of the time namespace of which no process is a member yet. */
export function writeTimeOffsets(pid: number, offsets: TimeOffsets | undefined): void {
  if (offsets === undefined || Object.keys(offsets).length === 0) return;
  within(
    'linux.timeOffsets: write the offsets',
    () => writeExisting(`/proc/${pid}/timens_offsets`, timeOffsetsText(offsets)),
    { field: 'linux.timeOffsets' },
  );
}
