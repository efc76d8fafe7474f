// Runs on the host.
import { within } from '../errors.ts';
import { writeExisting } from '../linux/file.ts';
import type { TimeOffsets } from '../spec/config.ts';

/** The kernel's text of linux.timeOffsets. Source: time_namespaces(7). */
export function timeOffsetsText(offsets: TimeOffsets): string {
  let text = '';
  // The only ones: other properties have no effect.
  for (const clock of ['monotonic', 'boottime'] as const) {
    const { secs = 0, nanosecs = 0 } = offsets[clock] ?? {};
    if (offsets[clock]) text += `${clock} ${secs} ${nanosecs}\n`;
  }
  return text;
}

/** Writes the clock offsets of the time namespace of which no process is a member yet. */
export function writeTimeOffsets(pid: number, offsets: TimeOffsets | undefined): void {
  const text = timeOffsetsText(offsets ?? {});
  if (text === '') return;
  within('linux.timeOffsets: write the offsets', () => writeExisting(`/proc/${pid}/timens_offsets`, text), {
    code: 'TIME_OFFSETS',
    field: 'linux.timeOffsets',
  });
}
