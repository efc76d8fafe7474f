import { RuntimeError, within } from '../errors.ts';
import { Fd } from '../linux/fd.ts';
import { writeAll } from '../linux/file.ts';
import { joinNamespace, newNamespace } from '../linux/namespace.ts';
import { setFinalAffinity } from '../process/cpu-affinity.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { hasNew } from '../spec/query.ts';

/** Joins the container's cgroup, and makes or joins the namespace that has its root there. */
export function joinCgroup({ spec, joinCgroup, enters }: InitRequest, host: HostChannel): void {
  if (host.receive('cgroup') === undefined)
    throw new RuntimeError('the host has ended', { code: 'PROTOCOL' });
  for (const file of host.receiveFds()) {
    within('join the cgroup', () => writeAll(file, '0'), { code: 'CGROUP_JOIN', field: 'linux.cgroupsPath' });
    file.close();
  }
  setFinalAffinity(enters ? spec.process.execCPUAffinity : undefined);
  if (joinCgroup !== undefined) joinNamespace(new Fd(joinCgroup), 'cgroup');
  else if (!enters && hasNew(spec, 'cgroup')) newNamespace('cgroup');
}
