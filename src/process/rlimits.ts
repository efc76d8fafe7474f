// Runs on the host.
import { within } from '../errors.ts';
import { setResourceLimit } from '../linux/rlimit.ts';
import type { Rlimit } from '../spec/config.ts';

/**
 * Sets process.rlimits of a process that has nothing left to do but to execute the program: an engine
 * could not work under most of them. From the host, whose privileges raise them in a user namespace too.
 */
export function setRlimits(pid: number, rlimits: readonly Rlimit[] = []): void {
  rlimits.forEach(({ type, soft, hard }, index) => {
    const field = `process.rlimits[${index}]`;
    within(`${field}: set ${type} to ${soft}:${hard}`, () => setResourceLimit(pid, type, soft, hard), {
      field,
    });
  });
}
