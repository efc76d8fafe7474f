import { openCgroup } from '../cgroups/open.ts';
import type { Cgroup } from '../cgroups/types.ts';
import { RuntimeError } from '../errors.ts';
import { checkRdt, discardRdt, findResctrl, joinRdt, planRdt, type RdtPlan } from '../intel-rdt.ts';
import type { Fd } from '../linux/fd.ts';
import { changeOwner } from '../linux/file.ts';
import { O_WRONLY, openPath } from '../linux/path.ts';
import { processStat } from '../linux/proc.ts';
import { log, logOptions } from '../log.ts';
import { refuseHostSysctls } from '../namespaces/host-sysctls.ts';
import { hostId } from '../namespaces/id-maps.ts';
import { moveNetDevices, type NetDevices } from '../namespaces/net-devices.ts';
import { checkDescriptors } from '../process/descriptors.ts';
import { setProcessIoPriority } from '../process/io-priority.ts';
import { checkLabels } from '../process/labels.ts';
import { setOomScoreAdj } from '../process/oom-score-adj.ts';
import { raiseRlimits } from '../process/rlimits.ts';
import { setScheduler } from '../process/scheduler.ts';
import { createExecFifo } from '../protocol/exec-fifo.ts';
import { checkMountLabel } from '../rootfs/mount-label.ts';
import type { Spec } from '../spec/config.ts';
import { CREATE_HOOKS } from '../spec/hook-kinds.ts';
import { delegatesCgroup, hasHooks, rootfsPath } from '../spec/query.ts';
import { refuseUnsupported } from '../spec/unsupported.ts';
import { type BundleConfig, readConfig } from './bundle.ts';
import { callerNofile } from './caller-limits.ts';
import { removeCgroup } from './delete.ts';
import { afterDelete, runHostHooks } from './host-hooks.ts';
import { openMountSources } from './mount-sources.ts';
import type { CreateOptions } from './options.ts';
import { type Outlets, openOutlets, passPidfd, passTerminal } from './outlets.ts';
import { writePidFile } from './pid-file.ts';
import { endInit, expect, type Init, startInit } from './start-init.ts';
import { announce, type ContainerRecord, claim, commit, fifoPath, lock, removeRecord } from './store.ts';

/** The `create` command: everything but the program itself, which `start` lets go. */
export function create(options: CreateOptions): { id: string; pid: number } {
  const { init } = createWith(options, { fifo: true, terminal: undefined });
  init.channel[Symbol.dispose]();
  return { id: options.id, pid: init.pid };
}

/** A container whose program may run as soon as init reads `go`, or reaches the exec.fifo if it has one. */
export interface Created {
  init: Init;
  record: ContainerRecord;
  cgroup: Cgroup;
}

export interface HowToStart {
  /** Whether `start` lets the program go, not this process. */
  fifo: boolean;
  /** Gets the terminal's master end before the program runs; absent when the --console-socket is to get it. */
  terminal: ((master: Fd) => void) | undefined;
}

/** Makes a container, or nothing: whatever fails, all that was made until then is undone. */
export function createWith(options: CreateOptions, { fifo, terminal }: HowToStart): Created {
  const config = readConfig(options.bundle);
  options.inspect?.(config.document);
  const passedFds = options.listenFds + options.preserveFds;
  // Before this process opens any of those numbers itself.
  checkDescriptors(passedFds);
  const hasTerminal = config.document.process?.terminal === true;
  using outlets = relyOn(config, () => openOutlets(options, hasTerminal, terminal));
  claim(options);
  // Held until everything is undone: nobody can claim the ID again before.
  using _lock = lock(options);
  const undo: (() => void)[] = [() => removeRecord(options)];
  try {
    using gate = fifo ? createExecFifo(fifoPath(options)) : undefined;
    // Before its configuration is known to be good, which takes as long as init takes to boot.
    const init = relyOn(config, () =>
      startInit(config.document.linux?.namespaces, { fifo: gate, passedFds }),
    );
    undo.push(() => endInit(init));
    // While init boots.
    const spec = config.validate();
    refuseUnsupported(spec);
    checkMountLabel(spec.linux?.mountLabel);
    checkNoPivot(options, spec);
    refuseHostSysctls(spec.linux?.sysctl, init.request.joined);
    checkLabels(spec.process);
    if (fifo) giveExecFifo(fifoPath(options), spec);
    return build({ ...options, ...outlets }, spec, init, undo);
  } catch (error) {
    for (const step of undo.reverse()) tryTo(step);
    throw error;
  }
}

/** Does what relies on an unchecked configuration: what is wrong with that says more than what came of it. */
function relyOn<T>(config: BundleConfig, action: () => T): T {
  try {
    return action();
  } catch (error) {
    config.validate();
    throw error;
  }
}

/** A failure to clean up must not hide the reason for it, nor keep the rest from being cleaned up. */
function tryTo(step: () => void): void {
  try {
    step();
  } catch (error) {
    log.warning(`while undoing: ${(error as Error).message}`);
  }
}

/** What is mounted in a private root would still be unmounted on the host by whoever gets at the old root. */
function checkNoPivot({ noPivot }: CreateOptions, spec: Spec): void {
  const propagation = spec.linux?.rootfsPropagation;
  if (!noPivot || (propagation !== 'private' && propagation !== 'rprivate')) return;
  throw new RuntimeError(`linux.rootfsPropagation: "${propagation}" is not safe without pivot_root`, {
    code: 'CONFIG_INVALID',
    field: 'linux.rootfsPropagation',
    hint: 'leave out --no-pivot',
  });
}

/** The container's root opens it; what is not mapped stays the host's, and is checked elsewhere. */
function giveExecFifo(path: string, { linux }: Spec): void {
  changeOwner(path, hostId(linux?.uidMappings, 0) ?? 0, hostId(linux?.gidMappings, 0) ?? 0);
}

function openNewCgroup({ id, systemd, systemdCgroup }: CreateOptions, spec: Spec): Cgroup {
  const { annotations, linux } = spec;
  return openCgroup({
    cgroupsPath: linux?.cgroupsPath,
    id,
    systemd: systemdCgroup ? systemd : undefined,
    annotations,
  });
}

/** The host's part of the dialogue of protocol/messages.ts. */
function build(options: CreateOptions & Outlets, spec: Spec, init: Init, undo: (() => void)[]): Created {
  const cgroup = openNewCgroup(options, spec);
  const { pid, channel } = init;
  init.settle(spec.linux);
  const softNofile = callerNofile();
  const rdt = openRdt(spec, options.id);
  const record = recordOf(options, spec, init, { cgroup, rdt });
  const sources = openMountSources(spec, options.bundle, pid);
  channel.send({
    type: 'request',
    request: {
      ...init.request,
      spec,
      bundle: options.bundle,
      rootfs: record.rootfs,
      id: options.id,
      noPivot: options.noPivot,
      noNewKeyring: options.noNewKeyring,
      listenFds: options.listenFds,
      preserveFds: options.preserveFds,
      cgroupPaths: cgroup.paths,
      ...(softNofile === undefined ? {} : { softNofile }),
      log: logOptions(),
    },
  });
  if (sources.length > 0) channel.sendFds(sources);
  for (const source of sources) source.close();
  // Before there is anything else that outlives this process: `delete` must find it.
  announce(options, record);
  undo.unshift(() => afterDelete(record));
  using netDevices = takeNetDevices(spec, init);
  cgroup.create();
  undo.splice(2, 0, () => removeCgroup(cgroup, record));
  limit(cgroup, spec);
  if (rdt !== undefined) {
    const made: string[] = [];
    undo.splice(2, 0, () => discardRdt(rdt, made));
    joinRdt(rdt, pid, made);
  }
  setOomScoreAdj(pid, spec.process.oomScoreAdj);
  raiseRlimits(pid, spec.process.rlimits);
  cgroup.prepareJoin(pid);

  channel.send({ type: 'cgroup' });
  const files = cgroup.joinFiles().map((path) => openPath(path, O_WRONLY));
  channel.sendFds(files);
  for (const file of files) file.close();
  runCreateHooks(init, record);
  passTerminal(init, options.terminal);
  expect(init, 'ready');
  cgroup.joined();
  setScheduler(pid, spec.process.scheduler);
  setProcessIoPriority(pid, spec.process.ioPriority);
  passPidfd(init, options.pidfd);
  commit(options);
  if (options.pidFile !== undefined) writePidFile(options.pidFile, pid);
  channel.send({ type: 'go' });
  netDevices?.keep();
  return { init, record, cgroup };
}

/** Once everything is mounted, and before init makes it its root. */
function runCreateHooks(init: Init, record: ContainerRecord): void {
  if (!hasHooks(record.config, ...CREATE_HOOKS)) return;
  expect(init, 'mounted');
  runHostHooks(CREATE_HOOKS, record, 'creating');
  init.channel.send({ type: 'hooked' });
}

/** Once init is in its network namespace; before the hooks and sysctls that are about the devices. */
function takeNetDevices({ linux }: Spec, init: Init): NetDevices | undefined {
  const devices = linux?.netDevices ?? {};
  if (Object.keys(devices).length === 0) return undefined;
  expect(init, 'arrived');
  return moveNetDevices(devices, init.pid);
}

/** Before the first process of the container is in it. */
function limit(cgroup: Cgroup, spec: Spec): void {
  const { resources = {}, uidMappings } = spec.linux ?? {};
  cgroup.set(resources);
  cgroup.setDevices(resources.devices ?? []);
  const owner = hostId(uidMappings, spec.process.user?.uid ?? 0);
  if (delegatesCgroup(spec) && owner !== undefined) cgroup.giveTo(owner);
}

/** Nothing of it is made yet. */
function openRdt({ linux }: Spec, id: string): RdtPlan | undefined {
  if (linux?.intelRdt === undefined) return undefined;
  const plan = planRdt(linux.intelRdt, id, findResctrl());
  checkRdt(plan);
  return plan;
}

interface Groups {
  cgroup: Cgroup;
  rdt: RdtPlan | undefined;
}

function recordOf(options: CreateOptions, spec: Spec, { pid }: Init, groups: Groups): ContainerRecord {
  const { cgroup, rdt } = groups;
  const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
  const names: Record<string, string> = { mnt: 'NEWNS' };
  return {
    id: options.id,
    bundle: options.bundle,
    rootfs: rootfsPath(spec, options.bundle),
    created: new Date().toISOString(),
    init_process_pid: pid,
    init_process_start: processStat(pid)?.startTime ?? 0,
    cgroup_paths: cgroup.paths,
    ...(cgroup.unit === undefined ? {} : { systemd_unit: cgroup.unit }),
    namespace_paths: Object.fromEntries(
      kinds.map((kind) => [names[kind] ?? `NEW${kind.toUpperCase()}`, `/proc/${pid}/ns/${kind}`]),
    ),
    ...(rdt === undefined ? {} : { intel_rdt_path: rdt.group }),
    ...(rdt?.monitor === undefined ? {} : { intel_rdt_mon_path: rdt.monitor }),
    config: spec,
  };
}
