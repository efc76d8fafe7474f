import { asRuntimeError, RuntimeError } from '../errors.ts';
import { setUmask } from '../linux/credentials.ts';
import { exitNow, type FilterToLoad, NO_PROGRAM, prepareExec } from '../linux/exec.ts';
import { execFailure } from '../linux/exec-failure.ts';
import type { Fd } from '../linux/fd.ts';
import { keepCapabilities, setDumpable, setNoNewPrivileges } from '../linux/prctl.ts';
import { SECCOMP_FILTER_FLAG } from '../linux/seccomp.ts';
import { resetSignals } from '../linux/signal.ts';
import { log } from '../log.ts';
import {
  applyBeforeFilter,
  applyCapabilities,
  limitBounding,
  planCapabilities,
} from '../process/capabilities.ts';
import { enterCwd } from '../process/cwd.ts';
import { passDescriptors } from '../process/descriptors.ts';
import { programEnvironment } from '../process/env.ts';
import { execute, findExecutable } from '../process/executable.ts';
import { setExecLabels } from '../process/labels.ts';
import { applyMemoryPolicy } from '../process/memory-policy.ts';
import { applyPersonality } from '../process/personality.ts';
import { nofileLimits, setNofile, setRlimits } from '../process/rlimits.ts';
import { giveStdio, keepStdio } from '../process/stdio.ts';
import { becomeUser } from '../process/user.ts';
import { encodeMessage, type HostChannel } from '../protocol/channel.ts';
import { type Gate, waitForStart } from '../protocol/exec-fifo.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { show } from '../spec/explain.ts';
import { hasHooks, isWatched } from '../spec/query.ts';
import { runStartHooks } from './container-hooks.ts';

const DEFAULT_UMASK = 0o022;

export interface Tail {
  request: InitRequest;
  host: HostChannel;
  /** Handles of the container's root and of a trusted procfs. */
  root: Fd;
  proc: Fd;
}

/** From a process in the container to the container's program. */
export function becomeProgram({ request, host, root, proc }: Tail): never {
  const program = request.spec.process;
  const user = program.user ?? {};
  const env = programEnvironment({ root, proc }, program.env ?? [], user.uid ?? 0, request);
  const argv = program.args;

  applyPersonality(request.spec.linux?.personality);
  applyMemoryPolicy(request.spec.linux?.memoryPolicy);
  // While this user may write there, and before a filter that may forbid it.
  setExecLabels(proc, program);
  const filter = becomeUserOf(request, root);
  setUmask(user.umask ?? DEFAULT_UMASK);
  // As the program's user, in its directory: what it may not execute, it shall not.
  const executable = findExecutable(argv[0] as string, env);
  if (program.noNewPrivileges) setNoNewPrivileges();
  // The change of user has taken that away.
  if (request.traceable) setDumpable(true);

  const run: (link: number) => never = prepareExec({ path: executable, argv, env, filter });
  const hasStartHooks = hasHooks(request.spec, 'startContainer');
  const listens = hasListener(request);
  const tells = isWatched(request.spec, listens);
  // The last but the waiting: the engine may not be able to do much more under these limits.
  if (!hasStartHooks) setRlimits(program.rlimits, request.softNofile);
  host.send({ type: 'ready' });
  // What follows is done while the host writes down that the container is there.

  // Now: a filter may allow to look at nothing any more when execve has failed.
  const known = filter && { why: execFailure(executable) };
  keepStdio();
  passDescriptors(request.listenFds + request.preserveFds);
  resetSignals();
  if (host.receive('go') === undefined) throw new RuntimeError('the host has ended', { code: 'PROTOCOL' });
  const gate = request.fifo === undefined ? undefined : waitForStart(proc, request.fifo);
  const finish = (): never => {
    if (hasStartHooks) {
      runStartHooks(request, env);
      setRlimits(program.rlimits, request.softNofile);
    }
    const link = listens && gate !== undefined ? gate.link() : host;
    if (!listens) setNofile(program.rlimits);
    if (tells) (gate ?? host).send({ type: 'executing' });
    return execute(executable, () => run(link.number), known);
  };
  return gate !== undefined && tells ? reportTo(gate, finish) : finish();
}

/** Whether there is a listener for the filter, which is for the host. */
function hasListener({ seccomp }: Pick<InitRequest, 'seccomp'>): boolean {
  return ((seccomp?.flags ?? 0) & SECCOMP_FILTER_FLAG.newListener) !== 0;
}

/** Tells `start` of a failure, which listens where there are hooks. */
function reportTo(gate: Gate, finish: () => never): never {
  try {
    return finish();
  } catch (error) {
    if (gate.send({ type: 'failed', error: asRuntimeError(error).toPlain() })) exitNow(NO_PROGRAM);
    throw error;
  }
}

/** Groups, user and capabilities, in the only order in which each step still has the privileges it needs. */
function becomeUserOf({ spec, seccomp }: InitRequest, root: Fd): FilterToLoad | undefined {
  const program = spec.process;
  const user = program.user ?? {};
  const plan = planCapabilities(program.capabilities);
  for (const name of plan.unknown)
    log.warning(`process.capabilities: unknown capability ${show(name)}, left out`);
  limitBounding(plan);
  giveStdio(user.uid ?? 0);
  // Before the change of user, who may lack the permission on the way; after it where only he has it.
  const entered = enterCwd(root, program.cwd);
  keepCapabilities(true);
  becomeUser(user);
  keepCapabilities(false);
  if (!entered && !enterCwd(root, program.cwd)) {
    throw new RuntimeError(`process.cwd: change to ${program.cwd}: permission denied`, {
      code: 'CWD',
      field: 'process.cwd',
    });
  }
  const needsPrivilege = seccomp !== undefined && !program.noNewPrivileges;
  const capabilities = needsPrivilege ? applyBeforeFilter(plan) : undefined;
  if (!needsPrivilege) applyCapabilities(plan);
  if (seccomp === undefined) return undefined;
  return {
    program: Buffer.from(seccomp.program, 'base64'),
    flags: seccomp.flags,
    capabilities,
    listener: hasListener({ seccomp })
      ? { announcement: encodeMessage({ type: 'listener' }), limits: nofileLimits(program.rlimits) }
      : undefined,
  };
}
