import { reopenCgroup } from '../cgroups/open.ts';
import { type Criu, CriuWorker, type Notice, requireCriu, requireFeature } from '../checkpoint/criu.ts';
import { noteNotify, writeDescriptors } from '../checkpoint/descriptors.ts';
import { externalCgroups, externalNamespaces } from '../checkpoint/external.ts';
import { type CriuOptions, REQUEST } from '../checkpoint/messages.ts';
import { mountsOf, presentMounts } from '../checkpoint/mounts.ts';
import { configFile, DUMP_LOG, dumpOptions } from '../checkpoint/options.ts';
import { refusal } from '../checkpoint/refuse.ts';
import { RuntimeError } from '../errors.ts';
import { Fd, isWritable } from '../linux/fd.ts';
import { exists, writeAll } from '../linux/file.ts';
import { statusAt } from '../linux/stat.ts';
import { join } from '../posix-path.ts';
import type { MountStep } from '../rootfs/mount-plan.ts';
import {
  hostMounts,
  makeForCriu,
  openForCriu,
  planForCriu,
  refuseRootless,
  tellingWhy,
} from './checkpoint/for-criu.ts';
import { deleteOwn } from './delete.ts';
import type { CheckpointOptions } from './options.ts';
import { type Status, statusOf } from './status.ts';
import { type ContainerRecord, hasWatch, lock, notifyDirectory, readRecord } from './store.ts';

/** The `checkpoint` command: writes what a container is into files, and deletes it unless it is to go on. */
export function checkpoint(options: CheckpointOptions): void {
  refuseRootless('checkpoint');
  checkFlags(options);
  const record = takeCheckpoint(options);
  if (!options.leaveRunning && !options.preDump) deleteOwn(options, record);
}

function checkFlags({ statusFd, lazyPages, imagePath, parentPath }: CheckpointOptions): void {
  if (statusFd !== undefined && !lazyPages)
    throw misuse('--status-fd', 'without --lazy-pages there is nothing to wait for');
  if (statusFd !== undefined && !isWritable(statusFd))
    throw misuse('--status-fd', `${statusFd} is no descriptor that can be written to`);
  if (parentPath?.startsWith('/')) throw misuse('--parent-path', 'must be relative to --image-path');
  if (parentPath !== undefined && !exists(join(imagePath, parentPath)))
    throw misuse('--parent-path', `there is no ${join(imagePath, parentPath)}`);
}

function misuse(field: string, reason: string): RuntimeError {
  return new RuntimeError(`${field}: ${reason}`, { code: 'USAGE', field });
}

function takeCheckpoint(options: CheckpointOptions): ContainerRecord {
  using _lock = lock(options);
  const record = readRecord(options);
  const status = statusOf(options, record);
  checkStatus(status);
  if (hasWatch(options)) throw refusal('linux.seccomp', '--seccomp-log has a listener outside');
  const steps = planForCriu(record.config, record.bundle);
  const criu = findFor(options);
  const external = externalOf(record, steps);
  makeForCriu('--image-path', options.imagePath);
  if (options.workPath !== undefined) makeForCriu('--work-path', options.workPath);
  if (!options.preDump) {
    writeDescriptors(options.imagePath, record.external_descriptors ?? []);
    if (exists(notifyDirectory(options))) noteNotify(options.imagePath);
  }
  try {
    tellingWhy('checkpoint the container', options, DUMP_LOG, () =>
      dump(options, record, { criu, external }),
    );
  } finally {
    // If criu was killed; where it could, it has seen to that itself.
    if (status === 'running') thaw(record);
  }
  return record;
}

function checkStatus(status: Status): void {
  if (status === 'running' || status === 'paused') return;
  throw new RuntimeError(`container cannot be checkpointed in ${status} state`, { code: 'BAD_STATUS' });
}

function findFor({ environment, preDump, lazyPages }: CheckpointOptions): Criu {
  const criu = requireCriu(environment);
  if (preDump) requireFeature(criu, 'mem_track', '--pre-dump');
  if (lazyPages) requireFeature(criu, 'lazy_pages', '--lazy-pages');
  return criu;
}

/** What criu is not to look for in the container. */
function externalOf(
  { config, init_process_pid: pid }: ContainerRecord,
  steps: readonly MountStep[],
): string[] {
  const mounts = mountsOf(pid);
  const namespaces = externalNamespaces(config).map(
    ({ kind, key }) => `${kind}[${statusAt(`/proc/${pid}/ns/${kind}`).inode}]:${key}`,
  );
  return [
    ...namespaces,
    ...externalCgroups(config, mounts),
    ...presentMounts(pid, hostMounts(config, steps), mounts),
  ];
}

function dump(
  options: CheckpointOptions,
  record: ContainerRecord,
  { criu, external }: { criu: Criu; external: string[] },
): void {
  const { imagePath, workPath, preDump } = options;
  using images = openForCriu('--image-path', imagePath);
  using work = workPath === undefined ? undefined : openForCriu('--work-path', workPath);
  const opts: CriuOptions = dumpOptions(options, {
    imagesFd: images.number,
    workFd: work?.number,
    configFile: configFile(record.config, exists),
    external,
    pid: record.init_process_pid,
    rootfs: record.rootfs,
    freezer: record.cgroup_paths.freezer ?? record.cgroup_paths[''],
  });
  using worker = new CriuWorker(criu);
  worker.ask({ type: preDump ? REQUEST.PRE_DUMP : REQUEST.DUMP, opts }, (notice) => answer(notice, options));
}

/** The network is blocked by criu itself; what else it says is for who keeps a list. */
function answer({ script }: Notice, { statusFd }: CheckpointOptions): void {
  if (script !== 'status-ready' || statusFd === undefined) return;
  using status = new Fd(statusFd);
  writeAll(status, '\0');
}

function thaw(record: ContainerRecord): void {
  const cgroup = reopenCgroup(record.cgroup_paths);
  if (cgroup.frozen()) cgroup.thaw();
}
