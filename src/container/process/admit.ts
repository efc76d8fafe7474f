import type { Cgroup } from '../../cgroups/types.ts';
import { O_WRONLY, openPath } from '../../linux/path.ts';
import { logOptions } from '../../log.ts';
import { setProcessIoPriority } from '../../process/io-priority.ts';
import { setOomScoreAdj } from '../../process/oom-score-adj.ts';
import { raiseRlimits } from '../../process/rlimits.ts';
import { setScheduler } from '../../process/scheduler.ts';
import type { InitRequest } from '../../protocol/messages.ts';
import type { Process } from '../../spec/config.ts';
import { callerNofile } from '../caller/limits.ts';
import type { ContainerRecord } from '../store.ts';
import type { Init } from './start-init.ts';

// What the first process of a container and every other one have in common.

/** What the request says of the container. */
export function requestAbout(record: ContainerRecord, init: Init) {
  const { id, bundle, rootfs, cgroup_paths } = record;
  const softNofile = callerNofile();
  const nofile = softNofile === undefined ? {} : { softNofile };
  return {
    ...init.request,
    id,
    bundle,
    rootfs,
    cgroupPaths: cgroup_paths,
    ...nofile,
    log: logOptions(),
  } satisfies Partial<InitRequest>;
}

/** Gives a process what only the host can. */
export function prepare({ pid }: Init, cgroup: Cgroup, process: Process): void {
  setOomScoreAdj(pid, process.oomScoreAdj);
  raiseRlimits(pid, process.rlimits);
  cgroup.prepareJoin(pid);
}

/** Has it join the cgroup. */
export function admit({ channel, view }: Init, cgroup: Cgroup): void {
  channel.send({ type: 'cgroup' });
  const files = cgroup.joinFiles().map((path) => openPath(path, O_WRONLY));
  channel.sendFds(files);
  for (const file of files) file.close();
  // While init mounts, or finds out what to execute.
  view?.close();
}

/** Once init has nothing left to do: a deadline task cannot fork, and an engine would be slow in the background. */
export function schedule({ pid }: Init, { scheduler, ioPriority }: Process): void {
  setScheduler(pid, scheduler);
  setProcessIoPriority(pid, ioPriority);
}
