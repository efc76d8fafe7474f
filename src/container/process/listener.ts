import { openReceiver } from '../../console/socket.ts';
import { RuntimeError, within } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { FILE_KIND, kindOf, statusAt } from '../../linux/stat.ts';
import { resolve } from '../../posix-path.ts';
import type { InitChannel } from '../../protocol/channel.ts';
import { endedTooSoon } from '../../protocol/exec-fifo.ts';
import type { Spec } from '../../spec/config.ts';
import { isWatched, notifies } from '../../spec/query.ts';
import { OCI_VERSION, type Status, stateDocument } from '../../spec/state.ts';
import type { Refusals } from '../seccomp/refusals.ts';
import type { ContainerRecord } from '../store.ts';
import type { Init } from './start-init.ts';

const FIELD = 'linux.seccomp.listenerPath';

/** A process that loads the filter, of a container that is in that state. */
export interface Listening {
  pid: number;
  status: () => Status;
}

/** Where the listener of linux.seccomp is to be sent; undefined when there is none. A relative path is the bundle's. */
function listenerPath({ linux }: Pick<Spec, 'linux'>, bundle: string): string | undefined {
  const path = linux?.seccomp?.listenerPath;
  return path !== undefined && notifies(linux?.seccomp) ? resolve(bundle, path) : undefined;
}

/** What can be said before there is a listener: whoever waits for it may serve one connection after the other. */
export function checkListener(spec: Spec, bundle: string): void {
  const path = listenerPath(spec, bundle);
  if (path === undefined) return;
  const hint = 'is the agent running that decides about SCMP_ACT_NOTIFY?';
  const details = { code: 'SOCKET', field: FIELD, hint } as const;
  const status = within(FIELD, () => statusAt(path), details);
  if (kindOf(status) !== FILE_KIND.socket) throw new RuntimeError(`${FIELD}: ${path} is no socket`, details);
}

/**
 * Takes the listener from a process that has just loaded linux.seccomp, sends it to the listenerPath, and lets the process go
 * on; false when that has ended instead. Source: runtime-spec, "The Container Process State".
 */
export function passListener(
  link: InitChannel,
  record: ContainerRecord,
  { pid, status }: Listening,
): boolean {
  const { id, bundle, config, init_process_pid } = record;
  const path = listenerPath(config, bundle);
  if (path === undefined) return true;
  using listener = takeListener(link);
  if (listener === undefined) return false;
  using receiver = openReceiver(FIELD, path);
  const { annotations } = config;
  const message = {
    ociVersion: OCI_VERSION,
    fds: ['seccompFd'],
    pid,
    metadata: config.linux?.seccomp?.listenerMetadata,
    state: stateDocument(status(), { id, bundle, annotations, pid: init_process_pid }),
  };
  receiver.send(listener, JSON.stringify(message));
  link.send({ type: 'go' });
  return true;
}

/** The listener of a process that has just loaded a filter, and waits; undefined when it has ended instead. */
function takeListener(link: InitChannel): Fd | undefined {
  if (link.receive('listener') === undefined) return undefined;
  const [listener] = link.receiveFds();
  if (listener !== undefined) return listener;
  throw new RuntimeError('init has sent no listener', { code: 'PROTOCOL' });
}

/** What is about to be executed, in a container of that state. */
export interface Executing {
  spec: Spec;
  status: () => Status;
  /** Who is told of refused system calls. */
  refusals: Refusals | undefined;
}

/** Waits until init has executed the program of `spec`: with that the connection ends. Throws its failure. */
export function awaitProgram(
  init: Init,
  record: ContainerRecord,
  { spec, status, refusals }: Executing,
): void {
  const { channel, pid } = init;
  const hasListener = refusals !== undefined || notifies(spec.linux?.seccomp);
  if (isWatched(spec, hasListener) && channel.receive('executing') === undefined) throw endedTooSoon();
  if (refusals === undefined) {
    if (!passListener(channel, record, { pid, status })) throw endedTooSoon();
  } else {
    const listener = takeListener(channel);
    if (listener === undefined) throw endedTooSoon();
    channel.send({ type: 'go' });
    refusals.listen(listener, channel.number);
  }
  channel.receiveEnd();
}
