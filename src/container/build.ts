import { openCgroup, withoutCgroup } from '../cgroups/open.ts';
import type { Cgroup } from '../cgroups/types.ts';
import { checkRdt, discardRdt, findResctrl, joinRdt, planRdt, type RdtPlan } from '../intel-rdt.ts';
import { isHostRoot } from '../linux/user-namespace.ts';
import { hostId } from '../namespaces/id-maps.ts';
import { moveNetDevices, type NetDevices } from '../namespaces/net-devices.ts';
import type { InitRequest } from '../protocol/messages.ts';
import type { MountStep } from '../rootfs/mount-plan.ts';
import type { Spec } from '../spec/config.ts';
import type { ExactSeccomp } from '../spec/exact.ts';
import { CREATE_HOOKS } from '../spec/hook-kinds.ts';
import { delegatesCgroup, hasHooks, hasNetDevices } from '../spec/query.ts';
import { hasNotify } from './caller/notify-socket.ts';
import { type Outlets, passPidfd, passTerminal } from './caller/outlets.ts';
import { writePidFile } from './caller/pid-file.ts';
import { removeCgroup } from './delete.ts';
import { runHostHooks } from './host-hooks.ts';
import { openMountSources, planMountSources } from './mount-sources.ts';
import type { CreateOptions } from './options.ts';
import { admit, prepare, requestAbout, schedule } from './process/admit.ts';
import { expect, type Init } from './process/start-init.ts';
import { type Parts, recordOf } from './record.ts';
import { announce, type ContainerRecord, commit } from './store.ts';

/** A container whose program may run as soon as init reads `go`, or reaches the exec.fifo if it has one. */
export interface Created {
  init: Init;
  record: ContainerRecord;
}

/** What there is so far of a container, for whoever has to undo it. */
export interface Making {
  init?: Init;
  record?: ContainerRecord;
  /** Carried out last to first. */
  undo: (() => void)[];
}

export interface BuildOptions extends CreateOptions, Outlets {
  /** linux.seccomp with the numbers of config.json. */
  seccomp: ExactSeccomp | undefined;
}

/** The host's part of the dialogue of protocol/messages.ts. */
export function build(options: BuildOptions, spec: Spec, init: Init, making: Making): Created {
  const cgroup = openNewCgroup(options, spec);
  init.settle(spec.linux, options.searchPath);
  const { pid, channel } = init;
  const rdt = openRdt(spec, options.id);
  const record = recordOf(options, spec, pid, { cgroup, rdt, seccomp: options.seccomp });
  const steps = planMountSources(spec, options.bundle);
  channel.send({
    type: 'request',
    request: { ...requestOf(options, record, init), sources: steps.length },
  });
  // Before there is anything else that outlives this process: `delete` must find it.
  announce(options, record);
  making.record = record;
  if (steps.length > 0 || hasNetDevices(spec)) expect(init, 'arrived');
  giveSources(steps, spec, init);
  using netDevices = takeNetDevices(spec, init);
  makeParts(spec, { cgroup, rdt }, record, making);
  prepare(init, cgroup, spec.process);
  admit(init, cgroup);
  runCreateHooks(init, record);
  passTerminal(init, options.terminal);
  expect(init, 'ready');
  cgroup.joined();
  schedule(init, spec.process);
  passPidfd(init, options.pidfd, 'standard');
  commit(options);
  if (options.pidFile !== undefined) writePidFile(options.pidFile, pid);
  channel.send({ type: 'go' });
  netDevices?.keep();
  return { init, record };
}

/** The cgroup of a container that is being made. Throws what is wrong with linux.cgroupsPath; nothing is made yet. */
export function openNewCgroup(options: CreateOptions, spec: Spec): Cgroup {
  const { id, systemd, systemdCgroup, noCgroup, rootless } = options;
  const { annotations, linux } = spec;
  const { cgroupsPath, resources } = linux ?? {};
  if (noCgroup) return withoutCgroup(resources);
  return openCgroup({
    cgroupsPath,
    id,
    systemd: systemdCgroup ? systemd : undefined,
    annotations,
    forgiving: rootless === 'auto' ? !isHostRoot() : rootless,
    resources,
  });
}

function requestOf(
  options: CreateOptions,
  record: ContainerRecord,
  init: Init,
): Omit<InitRequest, 'sources'> {
  const { noPivot, noNewKeyring, listenFds, preserveFds } = options;
  return {
    ...requestAbout(record, init),
    spec: record.config,
    noPivot,
    noNewKeyring,
    listenFds,
    preserveFds,
    ...(hasNotify(options, record.config) ? { notify: true as const } : {}),
  };
}

/** Once everything is mounted, and before init makes it its root. */
function runCreateHooks(init: Init, record: ContainerRecord): void {
  if (!hasHooks(record.config, ...CREATE_HOOKS)) return;
  expect(init, 'mounted');
  runHostHooks(CREATE_HOOKS, record, 'creating');
  init.channel.send({ type: 'hooked' });
}

/** Once init is in its network namespace; before the hooks and sysctls that are about the devices. */
function takeNetDevices(spec: Spec, init: Init): NetDevices | undefined {
  return hasNetDevices(spec) ? moveNetDevices(spec.linux?.netDevices ?? {}, init.pid) : undefined;
}

/** Before init mounts, and once it has its mount namespace. */
function giveSources(steps: readonly MountStep[], spec: Spec, { pid, channel }: Init): void {
  if (steps.length === 0) return;
  const sources = openMountSources(steps, spec, pid);
  channel.sendFds(sources);
  for (const source of sources) source.close();
}

/** The cgroup with its limits, and the groups of linux.intelRdt, which the first process is in at once. */
export function makeParts(
  spec: Spec,
  { cgroup, rdt }: Pick<Parts, 'cgroup' | 'rdt'>,
  record: ContainerRecord,
  making: Making,
): void {
  cgroup.create();
  making.undo.push(() => removeCgroup(cgroup, making.record ?? record));
  limit(cgroup, spec);
  if (rdt === undefined) return;
  const made: string[] = [];
  making.undo.push(() => discardRdt(rdt, made));
  joinRdt(rdt, record.init_process_pid, made);
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
export function openRdt({ linux }: Spec, id: string): RdtPlan | undefined {
  if (linux?.intelRdt === undefined) return undefined;
  const plan = planRdt(linux.intelRdt, id, findResctrl());
  checkRdt(plan);
  return plan;
}
