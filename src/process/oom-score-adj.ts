// Runs on the host.
import { within } from '../errors.ts';
import { writeExisting } from '../linux/file.ts';

/** Sets process.oomScoreAdj, from the host: lowering it takes privileges that the container has not. */
export function setOomScoreAdj(pid: number, value: number | undefined): void {
  if (value === undefined) return;
  const field = 'process.oomScoreAdj';
  within(`${field}: set ${value}`, () => writeExisting(`/proc/${pid}/oom_score_adj`, String(value)), {
    code: 'PROCESS_SET',
    field,
  });
}
