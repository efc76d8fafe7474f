// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { processesBelow } from './processes.ts';
import type { Cgroup } from './types.ts';

/** Refuses directories with processes in them, which belong to another container, and a frozen cgroup. */
export function refuseReuse(cgroup: Pick<Cgroup, 'frozen'>, existing: readonly string[], own?: number): void {
  const pids = new Set<number>();
  for (const dir of existing) for (const pid of processesBelow(dir)) pids.add(pid);
  if (own !== undefined) pids.delete(own);
  if (pids.size > 0) {
    throw new RuntimeError(`container's cgroup is not empty: ${pids.size} process(es) found`, {
      code: 'CGROUP_NOT_EMPTY',
      field: 'linux.cgroupsPath',
      hint: `end processes ${[...pids].slice(0, 10).join(', ')}, or choose another path than ${existing[0]}`,
    });
  }
  // Also for a new one below a frozen one: init would stop for good on joining it.
  if (cgroup.frozen()) {
    throw new RuntimeError("container's cgroup unexpectedly frozen", {
      code: 'CGROUP_FROZEN',
      field: 'linux.cgroupsPath',
      hint: 'thaw it, or the cgroup above it that is frozen',
    });
  }
}
