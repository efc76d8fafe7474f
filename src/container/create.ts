import { comeWithinReach } from '../cgroups/systemd/reach.ts';
import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { changeOwner } from '../linux/file.ts';
import { refuseHostSysctls } from '../namespaces/host-sysctls.ts';
import { hostId } from '../namespaces/id-maps.ts';
import { checkDescriptors } from '../process/descriptors.ts';
import { checkLabels } from '../process/labels.ts';
import { lendOomScoreAdj } from '../process/oom-score-adj.ts';
import { seccompProgram } from '../process/seccomp/profile.ts';
import { createExecFifo } from '../protocol/exec-fifo.ts';
import { checkMountLabel } from '../rootfs/mount-label.ts';
import type { Spec } from '../spec/config.ts';
import { exactSeccomp } from '../spec/exact.ts';
import { build, type Created, type Making } from './build.ts';
import { type BundleConfig, readConfig } from './bundle.ts';
import { addNotify, type Notify, openNotify } from './caller/notify-socket.ts';
import { openOutlets } from './caller/outlets.ts';
import { afterDelete } from './host-hooks.ts';
import type { CreateOptions, WatchOptions } from './options.ts';
import { checkListener } from './process/listener.ts';
import { endInit, initUser, startInit } from './process/start-init.ts';
import type { Refusals } from './seccomp/refusals.ts';
import { claim, fifoPath, lock, noteWatch, removeRecord, seccompCache } from './store.ts';
import { undoAll } from './undo.ts';

/** The `create` command: everything but the program itself, which `start` lets go. */
export function create(options: CreateOptions): { id: string; pid: number } {
  const { init } = createWith(options, { fifo: true, terminal: undefined });
  init.channel[Symbol.dispose]();
  return { id: options.id, pid: init.pid };
}

export interface HowToStart {
  /** Whether `start` lets the program go, not this process. */
  fifo: boolean;
  /** Gets the terminal's master end before the program runs; absent when the --console-socket is to get it. */
  terminal: ((master: Fd) => void) | undefined;
}

/** Makes a container, or nothing: whatever fails, all that was made until then is undone. */
export function createWith(
  options: CreateOptions & WatchOptions,
  { fifo, terminal }: HowToStart,
): Created & { notify: Notify | undefined; refusals: Refusals | undefined } {
  const config = readConfig(options.bundle);
  options.inspect?.(config);
  const passedFds = options.listenFds + options.preserveFds;
  // Before this process opens any of those numbers itself.
  checkDescriptors(options);
  const hasTerminal = config.document.process?.terminal === true;
  using outlets = relyOn(config, () => openOutlets(options, hasTerminal, terminal));
  if (options.systemdCgroup && options.systemd?.user) comeWithinReach(options.systemd);
  using _score = relyOn(config, () => lendOomScoreAdj(config.document.process?.oomScoreAdj));
  claim(options);
  // Held until everything is undone: nobody can claim the ID again before.
  using _lock = lock(options);
  const making: Making = { undo: [() => removeRecord(options)] };
  try {
    using gate = fifo ? createExecFifo(fifoPath(options)) : undefined;
    const { linux = {}, process = {} } = config.document;
    // Before its configuration is known to be good, which takes as long as init takes to boot.
    const init = relyOn(config, () =>
      startInit(linux.namespaces, initUser(linux, process), { fifo: gate, passedFds }),
    );
    making.init = init;
    // While init boots.
    const spec = addNotify(options, config.validate());
    checkMountLabel(spec.linux?.mountLabel);
    checkNoPivot(options, spec);
    refuseHostSysctls(spec.linux?.sysctl, init.request.joined);
    checkLabels(spec.process);
    checkListener(spec, options.bundle);
    const seccomp = exactSeccomp(spec.linux?.seccomp, config.text);
    const program = seccompProgram(seccomp, seccompCache(options));
    const refusals = options.watch?.(seccomp, program);
    if (refusals !== undefined) noteWatch(options);
    if (program !== undefined) init.request.seccomp = refusals?.program ?? program;
    if (program !== undefined && refusals !== undefined) init.request.hookSeccomp = program;
    if (fifo) giveExecFifo(fifoPath(options), spec);
    // Before the program runs, which is at once where there is no gate.
    const notify = fifo ? undefined : openNotify(options, spec);
    making.undo.push(() => notify?.[Symbol.dispose]());
    return { ...build({ ...options, ...outlets, seccomp }, spec, init, making), notify, refusals };
  } catch (error) {
    unmake(making);
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

/** First the process, so that nothing of the rest is in use, and at last the hooks that are told of the end. */
export function unmake({ init, record, undo }: Making): void {
  undoAll([() => record && afterDelete(record), ...undo, () => init && endInit(init)]);
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
function giveExecFifo(path: string, { linux = {}, process }: Spec): void {
  const { uid, gid } = initUser(linux, process);
  changeOwner(path, hostId(linux.uidMappings, uid) ?? 0, hostId(linux.gidMappings, gid) ?? 0);
}
