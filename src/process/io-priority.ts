// Runs on the host.
import { within } from '../errors.ts';
import { setIoPriority } from '../linux/sched.ts';
import type { IOPriority } from '../spec/config.ts';

// Source: include/uapi/linux/ioprio.h; 0 is "none".
const CLASSES = ['IOPRIO_CLASS_NONE', 'IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE'];

/**
 * Sets process.ioPriority, from the host, as setScheduler does. Of the one process that there is: the group that it is
 * in may be its caller's, and who it starts inherits.
 */
export function setProcessIoPriority(pid: number, ioPriority: IOPriority | undefined): void {
  if (ioPriority === undefined) return;
  const field = 'process.ioPriority';
  const { class: name, priority = 0 } = ioPriority;
  within(`${field}: set ${name} ${priority}`, () => setIoPriority(pid, CLASSES.indexOf(name), priority), {
    code: 'PROCESS_SET',
    field,
    hint: 'IOPRIO_CLASS_RT takes CAP_SYS_ADMIN or CAP_SYS_NICE',
  });
}
