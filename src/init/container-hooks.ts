import { RuntimeError } from '../errors.ts';
import { runHooks } from '../hooks.ts';
import { SECCOMP_FILTER_FLAG } from '../linux/seccomp.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { CREATE_HOOKS } from '../spec/hook-kinds.ts';
import { hasHooks } from '../spec/query.ts';
import { type State, type Status, stateDocument } from '../spec/state.ts';

const UMASK = 0o022;
const LISTENER_FLAGS = SECCOMP_FILTER_FLAG.newListener | SECCOMP_FILTER_FLAG.waitKillableRecv;

/** Once everything is mounted and before pivot_root: the host's hooks, then createContainer with the host's files. */
export function runCreateHooks(request: InitRequest, host: HostChannel): void {
  const { spec, rootfs, softNofile } = request;
  if (hasHooks(spec, ...CREATE_HOOKS)) {
    host.send({ type: 'mounted' });
    if (host.receive('hooked') === undefined)
      throw new RuntimeError('the host has ended', { code: 'PROTOCOL' });
  }
  if (!hasHooks(spec, 'createContainer')) return;
  const state = stateFor(request, 'creating');
  runHooks('createContainer', spec.hooks, { state, cwd: rootfs, umask: UMASK, softNofile });
}

/** As the program's user and under its limits, its filter included: a file of the image is executed. `env` is the program's. */
export function runStartHooks(request: InitRequest, env: readonly string[]): void {
  const { spec, softNofile, hookSeccomp: seccomp = request.seccomp } = request;
  const { hooks, process } = spec;
  const state = stateFor(request, 'created');
  const limits = process.rlimits ?? [];
  const filter = seccomp && {
    program: Buffer.from(seccomp.program, 'base64'),
    // The listener is the program's: what a hook would have to ask about does not exist for it.
    flags: seccomp.flags & ~LISTENER_FLAGS,
  };
  runHooks('startContainer', hooks, { state, cwd: '/', env, limits, softNofile, filter });
}

function stateFor({ spec, id, bundle }: InitRequest, status: Status): State {
  return stateDocument(status, { id, bundle, annotations: spec.annotations, pid: process.pid });
}
