// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { pause } from '../linux/pause.ts';
import { processStat } from '../linux/proc.ts';

const TIMEOUT_MS = 10_000;
const STEP_MS = 2;

interface Freezer {
  /** Writes what makes the kernel stop the processes, or let them go on. */
  set(frozen: boolean): void;
  isFrozen(): boolean;
  processes(): number[];
}

/** Stops every process of a cgroup. A process that waits for a device does not stop: then all are thawed again. */
export function freezeAll(freezer: Freezer): void {
  freezer.set(true);
  for (let waited = 0; waited < TIMEOUT_MS; waited += STEP_MS) {
    if (freezer.isFrozen()) return;
    pause(STEP_MS);
    // A process that forks while version 1 walks its list is not stopped by the first write.
    if (waited % 50 === 0) freezer.set(true);
  }
  const pids = freezer.processes().filter((pid) => processStat(pid)?.state === 'D');
  freezer.set(false);
  const who = pids.length === 0 ? '' : `: in an uninterruptible wait: ${pids.slice(0, 10).join(', ')}`;
  throw new RuntimeError(`the processes could not be stopped in ${TIMEOUT_MS / 1000} s${who}`, {
    code: 'FREEZE_TIMEOUT',
    hint: 'see /proc/PID/stack for what they wait for',
  });
}
