// Runs on the host.
import { within } from '../errors.ts';
import { readAll, writeAll, writeExisting } from '../linux/file.ts';
import { O_RDWR, openPath } from '../linux/path.ts';
import { setDumpable } from '../linux/prctl.ts';
import { isHostRoot } from '../linux/user-namespace.ts';

const field = 'process.oomScoreAdj';
const MOST = 1000;

/** Sets process.oomScoreAdj, from the host: lowering it takes privileges that the container has not. */
export function setOomScoreAdj(pid: number, value: number | undefined): void {
  // Otherwise it is inherited already.
  if (value === undefined || !isHostRoot()) return;
  within(`${field}: set ${value}`, () => writeExisting(`/proc/${pid}/oom_score_adj`, String(value)), {
    code: 'PROCESS_SET',
    field,
  });
}

/**
 * Gives this process the score for as long as it starts another one, which inherits it: the file of a process that has joined
 * namespaces, or executes a program that one may not read, can be written by the host's root only. `value` may be unchecked.
 */
export function lendOomScoreAdj(value: unknown): Disposable | undefined {
  if (!Number.isInteger(value) || Math.abs(value as number) > MOST || isHostRoot()) return undefined;
  setDumpable(true);
  const file = openPath('/proc/self/oom_score_adj', O_RDWR);
  const before = readAll(file).trim();
  const hint = `without privileges it cannot be lower than it is for the caller, which is ${before}`;
  within(`${field}: set ${value}`, () => writeAll(file, String(value)), { code: 'PROCESS_SET', field, hint });
  return {
    [Symbol.dispose]() {
      // With shared memory it is the other process's too, until that has executed its program.
      writeAll(file, before);
      file.close();
    },
  };
}
