import { reopenCgroup } from '../cgroups/open.ts';
import type { Cgroup } from '../cgroups/types.ts';
import { RuntimeError } from '../errors.ts';
import { removeRdt } from '../intel-rdt.ts';
import { poll } from '../linux/poll.ts';
import { openPidfd, SIGKILL, signalPidfd } from '../linux/signal.ts';
import { log } from '../log.ts';
import { cgroupOf } from './cgroup.ts';
import { afterDelete } from './host-hooks.ts';
import { sharesPids } from './kill.ts';
import type { ContainerOptions, DeleteOptions } from './options.ts';
import { isAlive, statusOf } from './status.ts';
import { type ContainerRecord, doesNotExist, findRecord, isThere, lock, removeRecord } from './store.ts';

/** How long a killed process may take to be gone. */
const KILL_TIMEOUT_MS = 10_000;

/** The `delete` command: removes what is left of a stopped container, with `force` also of any other. */
export function deleteContainer(options: DeleteOptions): void {
  try {
    using _lock = lock(options);
    const record = findRecord(options);
    if (record === undefined) {
      // A killed `create` may have left the directory, and nothing else.
      removeRecord(options);
      throw doesNotExist(options);
    }
    remove(options, record);
  } catch (error) {
    const isMissing = error instanceof RuntimeError && error.code === 'NOT_FOUND';
    if (!isMissing || !options.force) throw error;
  }
}

function remove(options: DeleteOptions, record: ContainerRecord): void {
  const status = statusOf(options, record);
  const isIdle = status === 'stopped' || status === 'created';
  if (!isIdle && !options.force) {
    throw new RuntimeError(`cannot delete container ${options.id} that is not stopped: ${status}`, {
      code: 'BAD_STATUS',
      hint: '--force kills it first',
    });
  }
  if (status !== 'stopped') end(record);
  destroy(options, record);
}

/** Removes all that there is of a container whose init has ended. */
function destroy(options: ContainerOptions, record: ContainerRecord): void {
  removeGroups(cgroupOf(options, record), record);
  removeRecord(options);
  afterDelete(record);
}

/** Deletes this very container: somebody may have done so already, and made another one with the same ID. */
export function deleteOwn(options: ContainerOptions, record: ContainerRecord): void {
  if (!isThere(options)) return;
  using _lock = lock(options);
  const found = findRecord(options);
  if (found?.init_process_pid !== record.init_process_pid) return;
  if (found.init_process_start !== record.init_process_start) return;
  end(record);
  destroy(options, record);
}

/** Deletes a container that could not be started. The reason for that is not hidden by what may happen here. */
export function deleteFailed(options: ContainerOptions, record: ContainerRecord): void {
  try {
    deleteOwn(options, record);
  } catch (error) {
    log.warning(`while deleting: ${(error as Error).message}`);
  }
}

/** Kills init and waits until it is gone. */
function end(record: ContainerRecord): void {
  using init = openPidfd(record.init_process_pid);
  const cgroup = reopenCgroup(record.cgroup_paths);
  if (init === undefined || !isAlive(record)) return;
  if (cgroup.frozen()) cgroup.kill();
  signalPidfd(init, SIGKILL);
  const [ended] = poll([init.number], KILL_TIMEOUT_MS);
  if (ended) return;
  throw new RuntimeError(`container init ${record.init_process_pid} does not end after SIGKILL`, {
    code: 'KILL_TIMEOUT',
    hint: `see /proc/${record.init_process_pid}/stack for what it waits for`,
  });
}

/** Removes the cgroup, and before it who is still there when no pid namespace saw to that. */
export function removeCgroup(cgroup: Cgroup, record: ContainerRecord): void {
  if (sharesPids(record) || record.restoring) cgroup.kill();
  cgroup.remove();
}

/** Removes the groups that it had, in cgroups and in resctrl. */
function removeGroups(cgroup: Cgroup, record: ContainerRecord): void {
  if (record.creating && record.restoring) cgroup.kill();
  if (record.creating) removeAnnounced(cgroup);
  else removeCgroup(cgroup, record);
  removeRdt(ownRdtGroups(record));
}

/** A `create` that was killed may not have come to refusing a cgroup that is somebody else's: it is left alone then. */
function removeAnnounced(cgroup: Cgroup): void {
  try {
    cgroup.remove();
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'CGROUP_BUSY') throw error;
    log.warning(`left alone: ${error.message}`);
  }
}

/** A group that has a closID outlives its containers. */
function ownRdtGroups({ config, intel_rdt_path, intel_rdt_mon_path }: ContainerRecord): string[] {
  const group = config.linux?.intelRdt?.closID ? undefined : intel_rdt_path;
  return [group, intel_rdt_mon_path].filter((path) => path !== undefined);
}
