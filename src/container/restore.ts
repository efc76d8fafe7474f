import type { Cgroup } from '../cgroups/types.ts';
import { type Criu, requireCriu } from '../checkpoint/criu.ts';
import { inheritedPipes, isNotifyNoted, readDescriptors } from '../checkpoint/descriptors.ts';
import {
  externalNamespaces,
  joinedNamespaces,
  parseCgroups,
  restoredCgroups,
  restoredMounts,
} from '../checkpoint/external.ts';
import { REQUEST } from '../checkpoint/messages.ts';
import { configFile, RESTORE_LOG, type RestorePlace, restoreOptions } from '../checkpoint/options.ts';
import type { Fd } from '../linux/fd.ts';
import { exists, makeDirectory, readFile, readLink, writeExisting } from '../linux/file.ts';
import { openNamespace } from '../linux/namespace.ts';
import { becomeSubreaper } from '../linux/prctl.ts';
import { log } from '../log.ts';
import { join } from '../posix-path.ts';
import type { MountStep } from '../rootfs/mount-plan.ts';
import type { Spec } from '../spec/config.ts';
import { type ExactSeccomp, exactSeccomp } from '../spec/exact.ts';
import { type Making, makeParts, openNewCgroup, openRdt } from './build.ts';
import { readConfig } from './bundle.ts';
import { forwardSignals, takeTerminal, waitInForeground } from './caller/foreground.ts';
import { makeNotify, mountNotify, type Notify, openNotify, passAll } from './caller/notify-socket.ts';
import { type Outlets, openOutlets } from './caller/outlets.ts';
import { writePidFile } from './caller/pid-file.ts';
import { hostMounts, makeForCriu, planForCriu, refuseRootless, tellingWhy } from './checkpoint/for-criu.ts';
import { lendImage } from './checkpoint/lend-image.ts';
import { RestoreProgress } from './checkpoint/restore-progress.ts';
import { startCriu } from './checkpoint/start-criu.ts';
import { unmake } from './create.ts';
import { deleteFailed, deleteOwn } from './delete.ts';
import type { RestoreOptions } from './options.ts';
import { recordOf } from './record.ts';
import { announce, type ContainerRecord, claim, commit, lock, removeRecord } from './store.ts';

/** The `restore` command: makes a container of a checkpoint; returns its exit status, 0 when detached. */
export async function restore(options: RestoreOptions): Promise<number> {
  refuseRootless('restore');
  const forward = options.detach ? undefined : forwardSignals();
  if (!options.detach && !options.noSubreaper) becomeSubreaper();
  const terminal = forward && ((master: Fd) => takeTerminal(forward, master));
  const { record, notify } = restoreWith(options, terminal);
  if (forward === undefined) return 0;
  try {
    const passed = notify && passAll(notify, record.init_process_pid);
    const [status] = await Promise.all([waitInForeground(record.init_process_pid, forward), passed]);
    deleteOwn(options, record);
    return status;
  } catch (error) {
    deleteFailed(options, record);
    throw error;
  }
}

/** What a container is restored from, all of it checked. */
interface Source {
  spec: Spec;
  seccomp: ExactSeccomp | undefined;
  steps: readonly MountStep[];
  criu: Criu;
  /** Where its standard streams led. */
  streams: string[];
}

interface Restored {
  record: ContainerRecord;
  /** For who stays in the foreground. */
  notify: Notify | undefined;
}

/** Restores a container, or nothing: whatever fails, all that was made until then is undone. */
function restoreWith(options: RestoreOptions, foreground: Outlets['terminal']): Restored {
  const config = readConfig(options.bundle);
  options.inspect?.(config);
  const isNotified = isNotifyNoted(options.imagePath);
  const valid = config.validate();
  const spec = isNotified ? mountNotify(options, valid) : valid;
  const steps = planForCriu(spec, options.bundle);
  using outlets = openOutlets(options, spec.process.terminal === true, foreground);
  const criu = requireCriu(options.environment);
  const seccomp = exactSeccomp(spec.linux?.seccomp, config.text);
  const source: Source = { spec, seccomp, steps, criu, streams: readDescriptors(options.imagePath) };
  if (options.workPath !== undefined) makeForCriu('--work-path', options.workPath);
  claim(options);
  using directory = lock(options);
  const making: Making = { undo: [() => removeRecord(options)] };
  try {
    if (isNotified) makeNotify(options);
    const notify = listen(options, spec);
    making.undo.push(() => notify?.[Symbol.dispose]());
    const root = join(realPath(directory), 'criu-root');
    makeDirectory(root, 0o711);
    const record = tellingWhy('restore the container', options, RESTORE_LOG, () =>
      make({ ...options, ...outlets }, source, root, making),
    );
    return { record, notify };
  } catch (error) {
    unmake(making);
    throw error;
  }
}

/** A program that was ready once does not say so again: there is something to pass on only for who stays. */
function listen(options: RestoreOptions, spec: Spec): Notify | undefined {
  if (!options.detach) return openNotify(options, spec);
  if (options.notifySocket !== undefined)
    log.warning('$NOTIFY_SOCKET has no effect: with --detach nobody passes on what the program says');
  return undefined;
}

/** As build() of a new container, with criu in the place of init. */
function make(
  options: RestoreOptions & Outlets,
  source: Source,
  root: string,
  making: Making,
): ContainerRecord {
  const { spec, seccomp } = source;
  const parts = { cgroup: openNewCgroup(options, spec), rdt: openRdt(spec, options.id), seccomp };
  const namespaces = externalNamespaces(spec).map(({ path, key }) => ({ key, fd: openNamespace(path) }));
  using _lent = lendImage(options, spec);
  using started = startCriu(options, source, { root, inherited: namespaces });
  const { worker } = started;
  const recordFor = (pid: number): ContainerRecord => recordOf(options, spec, pid, parts);
  const about = (record: ContainerRecord): ContainerRecord => {
    making.record = record;
    announce(options, record);
    return record;
  };
  makeParts(spec, parts, about(recordFor(worker.pid)), making);
  about({ ...recordFor(worker.pid), restoring: true });
  enterCgroup(parts.cgroup, worker.pid);
  const opts = restoreOptions(options, {
    imagesFd: started.images.number,
    workFd: started.work?.number,
    configFile: configFile(spec, exists),
    root,
    ...placeOf(source, parts.cgroup, readFile(`/proc/${worker.pid}/cgroup`)),
    inherited: [
      ...inheritedPipes(source.streams),
      ...namespaces.map(({ key, fd }) => ({ key, fd: fd.number })),
    ],
  });
  using progress = new RestoreProgress(spec, options.terminal, (pid) =>
    about({ ...recordFor(pid), restoring: true }),
  );
  const { restore } = worker.ask({ type: REQUEST.RESTORE, opts }, (notice) => progress.answer(notice));
  const record = recordFor(restore?.pid ?? 0);
  announce(options, record);
  commit(options);
  if (options.pidFile !== undefined) writePidFile(options.pidFile, record.init_process_pid);
  progress.keep();
  return record;
}

const realPath = (directory: Fd): string => readLink(`/proc/self/fd/${directory.number}`);

/** What criu starts is in the cgroup from the beginning. */
function enterCgroup(cgroup: Cgroup, pid: number): void {
  cgroup.prepareJoin(pid);
  for (const file of cgroup.joinFiles()) writeExisting(file, String(pid));
  cgroup.joined();
}

/** What is to be found in another place than at the time of the checkpoint; `own` is the text of criu's own cgroup file. */
function placeOf(
  { spec, steps }: Source,
  { paths }: Cgroup,
  own: string,
): Pick<RestorePlace, 'external' | 'cgroupRoots' | 'joined'> {
  return {
    external: [...restoredMounts(hostMounts(spec, steps)), ...restoredCgroups(own, paths)],
    cgroupRoots: parseCgroups(own).map(({ controllers, path }) => ({ ctrl: controllers, path })),
    joined: joinedNamespaces(spec),
  };
}
