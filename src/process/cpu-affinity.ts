// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { setCpuAffinity, tryAllowAllCpus } from '../linux/sched.ts';
import type { ExecCPUAffinity } from '../spec/config.ts';
import { bitmapOf } from '../spec/number-list.ts';

/** process.execCPUAffinity.initial: where a process runs until it is in the container's cgroup. */
export function setInitialAffinity(affinity: ExecCPUAffinity | undefined): void {
  setAffinity('initial', affinity?.initial);
}

/**
 * process.execCPUAffinity.final, once it is in the cgroup. Without it the kernel decides what becomes of the initial one, and
 * without either a process may run wherever the cgroup allows: a caller that keeps itself to some CPUs does not mean the
 * container. Source: runtime-spec, "process".
 */
export function setFinalAffinity(affinity: ExecCPUAffinity | undefined): void {
  if (setAffinity('final', affinity?.final) || isGiven(affinity?.initial)) return;
  tryAllowAllCpus();
}

function isGiven(list = ''): boolean {
  return list.trim() !== '';
}

function setAffinity(key: keyof ExecCPUAffinity, list = ''): boolean {
  if (!isGiven(list)) return false;
  const field = `process.execCPUAffinity.${key}`;
  within(`${field}: set ${list}`, () => setCpuAffinity(bitmapOf(list)), {
    code: 'PROCESS_SET',
    field,
    hint: 'at least one of the CPUs must be online and allowed by the cgroup',
  });
  return true;
}
