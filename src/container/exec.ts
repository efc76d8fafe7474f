import { pathsToEnter } from '../cgroups/enter.ts';
import { reopenCgroup } from '../cgroups/open.ts';
import { comeWithinReach } from '../cgroups/systemd/reach.ts';
import { RuntimeError } from '../errors.ts';
import { enterRdt } from '../intel-rdt.ts';
import { checkDescriptors } from '../process/descriptors.ts';
import { checkLabels } from '../process/labels.ts';
import { lendOomScoreAdj } from '../process/oom-score-adj.ts';
import { seccompProgram } from '../process/seccomp/profile.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { changeProcess } from '../spec/change-process.ts';
import type { Process, Spec } from '../spec/config.ts';
import { checkProcess } from '../spec/load-process.ts';
import { forwardSignals, takeTerminal, waitInForeground } from './caller/foreground.ts';
import { type Outlets, openOutlets, passPidfd, passTerminal } from './caller/outlets.ts';
import { writePidFile } from './caller/pid-file.ts';
import type { ExecOptions } from './options.ts';
import { admit, prepare, requestAbout, schedule } from './process/admit.ts';
import { foreignNamespaces, isEnding, openProcess } from './process/first-process.ts';
import { awaitProgram } from './process/listener.ts';
import { endInit, expect, type Init, initUser, startInit, wasKilled } from './process/start-init.ts';
import type { Refusals } from './seccomp/refusals.ts';
import { isAlive, statusOf } from './status.ts';
import { type ContainerRecord, noteWatch, readRecord, seccompCache } from './store.ts';

/**
 * The `exec` command: runs one more program in a container; returns its exit status, 0 when detached. It takes no lock: a
 * container that is paused meanwhile, or has a slow filesystem, could otherwise not be resumed or deleted.
 */
export async function exec(options: ExecOptions): Promise<number> {
  // Before there is a process: a signal that comes meanwhile is for it.
  const forward = options.detach ? undefined : forwardSignals();
  const { init, refusals } = startProgram(options, forward && ((master) => takeTerminal(forward, master)));
  if (forward === undefined) return 0;
  const [status] = await Promise.all([waitInForeground(init.pid, forward), refusals?.watch(init.pid)]);
  return refusals === undefined ? status : refusals.end(status);
}

interface Started {
  init: Init;
  refusals: Refusals | undefined;
}

/** Returns when the program runs. */
function startProgram(options: ExecOptions, terminal: Outlets['terminal']): Started {
  checkDescriptors({ listenFds: 0, preserveFds: options.preserveFds });
  const record = readRecord(options);
  const process = processOf(options, record);
  using outlets = openOutlets(options, process.terminal === true, terminal);
  using first = openProcess(record);
  refuse(options, record);
  if (first === undefined) throw stopped();
  if (record.systemd_unit !== undefined && options.systemd?.user) comeWithinReach(options.systemd);
  using _score = lendOomScoreAdj(process.oomScoreAdj);
  let init: Init | undefined;
  try {
    const user = initUser(record.config.linux ?? {}, process);
    init = startInit(foreignNamespaces(first, record), user, {
      fifo: undefined,
      passedFds: options.preserveFds,
    });
    const { hooks, ...config } = record.config;
    const refusals = enter({ ...options, ...outlets }, record, { ...config, process }, init);
    return { init, refusals };
  } catch (error) {
    const isKilled = init !== undefined && wasKilled(init);
    if (init !== undefined) endInit(init);
    // That explains whatever has failed.
    throw isEnding(record, isKilled) ? stopped(error) : error;
  }
}

function processOf({ process }: ExecOptions, { config }: ContainerRecord): Process {
  const asked = 'whole' in process ? process.whole : changeProcess(config.process, process);
  if (!('whole' in process)) checkProcess(asked);
  checkLabels(asked);
  return asked;
}

function refuse(options: ExecOptions, record: ContainerRecord): void {
  const status = statusOf(options, record);
  // Who kills all of its processes may stop them for that.
  if (status === 'stopped' || (status === 'paused' && isEnding(record, false))) throw stopped();
  if (status !== 'creating' && (status !== 'paused' || options.ignorePaused)) return;
  throw new RuntimeError(`cannot exec in a ${status} container`, {
    code: 'NOT_RUNNING',
    hint: status === 'paused' ? 'resume it, or wait for that with --ignore-paused' : undefined,
  });
}

function stopped(cause?: unknown): RuntimeError {
  return new RuntimeError(
    'cannot exec in a stopped container: container not running',
    { code: 'NOT_RUNNING' },
    cause,
  );
}

/** The host's part of the dialogue of protocol/messages.ts. */
function enter(
  options: ExecOptions & Outlets,
  record: ContainerRecord,
  spec: Spec,
  init: Init,
): Refusals | undefined {
  const { channel } = init;
  const { process } = spec;
  const seccomp = record.exact_seccomp ?? spec.linux?.seccomp;
  const program = seccompProgram(seccomp, seccompCache(options));
  const refusals = options.watch?.(seccomp, program);
  if (refusals !== undefined) noteWatch(options);
  const request = requestOf(options, record, spec, init);
  if (program !== undefined) request.seccomp = refusals?.program ?? program;
  const tell = () => channel.send({ type: 'request', request });
  if (!init.moves) tell();
  const { intel_rdt_path: group, intel_rdt_mon_path: monitor } = record;
  const cgroup = reopenCgroup(pathsToEnter(record.cgroup_paths, record.init_process_pid, options.cgroup));
  enterRdt(
    [group, monitor].filter((path) => path !== undefined),
    init.pid,
  );
  prepare(init, cgroup, process);
  // All this goes with it, and it has had the time in which it boots.
  if (init.moves) {
    init.move();
    tell();
  }
  admit(init, cgroup);
  passTerminal(init, options.terminal);
  expect(init, 'ready');
  schedule(init, process);
  passPidfd(init, options.pidfd, 'setns');
  // Whoever deletes the container may have looked for its processes before this one was there.
  if (!isAlive(record)) throw stopped();
  if (options.pidFile !== undefined) writePidFile(options.pidFile, init.pid);
  channel.send({ type: 'go' });
  awaitProgram(init, record, { spec, status: () => statusOf(options, record), refusals });
  return refusals;
}

function requestOf(options: ExecOptions, record: ContainerRecord, spec: Spec, init: Init): InitRequest {
  return {
    ...requestAbout(record, init),
    enters: true,
    spec,
    noPivot: false,
    noNewKeyring: record.no_new_keyring === true,
    listenFds: 0,
    preserveFds: options.preserveFds,
    sources: 0,
  };
}
