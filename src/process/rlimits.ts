// Runs on the host (raise) and in the container's namespaces (set).
import { within } from '../errors.ts';
import { lowerSoftLimit, raiseHardLimit, setResourceLimit } from '../linux/rlimit.ts';
import type { Rlimit } from '../spec/config.ts';

const NOFILE = 'RLIMIT_NOFILE';

function each(rlimits: readonly Rlimit[], action: (rlimit: Rlimit) => unknown): void {
  rlimits.forEach((rlimit, index) => {
    const field = `process.rlimits[${index}]`;
    const { type, soft, hard } = rlimit;
    within(`${field}: set ${type} to ${soft}:${hard}`, () => action(rlimit), {
      code: 'PROCESS_SET',
      field,
      hint: 'to go above the hard limit of the caller takes CAP_SYS_RESOURCE',
    });
  });
}

/** Makes room for process.rlimits: raising takes a privilege of the host, and does no engine any harm. */
export function raiseRlimits(pid: number, rlimits: readonly Rlimit[] = []): void {
  each(rlimits, ({ type, hard }) => raiseHardLimit(pid, type, hard));
}

/**
 * Sets process.rlimits as the last thing but execve: an engine could not work under most of them.
 * `softNofile` is what the caller had, if the engine has changed it.
 */
export function setRlimits(rlimits: readonly Rlimit[] = [], softNofile?: number): void {
  if (softNofile !== undefined) lowerSoftLimit(NOFILE, softNofile);
  each(rlimits, ({ type, soft, hard }) => type !== NOFILE && setResourceLimit(type, soft, hard));
}

/** What setNofile sets, for who does it otherwise. */
export function nofileLimits(rlimits: readonly Rlimit[] = []): readonly Rlimit[] {
  return rlimits.filter(({ type }) => type === NOFILE);
}

/** RLIMIT_NOFILE comes after the last descriptor has been opened. */
export function setNofile(rlimits: readonly Rlimit[] = []): void {
  each(rlimits, ({ type, soft, hard }) => type === NOFILE && setResourceLimit(type, soft, hard));
}
