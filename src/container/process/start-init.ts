import { initEnvironment, isCompiled, selfCommand } from '../../engine.ts';
import { RuntimeError, within } from '../../errors.ts';
import { type ProcessPlan, type StartedProcess, startProcess } from '../../linux/clone.ts';
import { type Fd, setCloseOnExec } from '../../linux/fd.ts';
import { isNamespace, type NamespaceKind, namespaceId, openNamespace } from '../../linux/namespace.ts';
import { poll } from '../../linux/poll.ts';
import { openPidfd, SIGKILL, signalPidfd } from '../../linux/signal.ts';
import { socketPair } from '../../linux/socket.ts';
import { statusOf } from '../../linux/stat.ts';
import { isHostRoot } from '../../linux/user-namespace.ts';
import { SIGNALLED, waitForExit } from '../../linux/wait.ts';
import { log } from '../../log.ts';
import { checkIdMaps, hostId, writeIdMaps } from '../../namespaces/id-maps.ts';
import { joinsAll, type NamespacePlan, planNamespaces, withMount } from '../../namespaces/plan.ts';
import { writeTimeOffsets } from '../../namespaces/time-offsets.ts';
import { Channel, type InitChannel } from '../../protocol/channel.ts';
import type { InitMessage, InitRequest, InitUser, Move } from '../../protocol/messages.ts';
import type { Linux, Namespace, Process } from '../../spec/config.ts';
import { openOwnProgram } from './own-program.ts';

/** A started init, which waits for its request. */
export interface Init {
  pid: number;
  /** Set once it has ended and been waited for: from then on the pid may be another process's. */
  exitStatus?: number;
  channel: InitChannel;
  /** See OwnProgram. */
  view: Fd | undefined;
  /** Whether it is executed outside, and goes by itself to the namespaces that it joins. */
  moves: boolean;
  /** Set while it is on its way to the namespaces of others, as another process than that of `pid`. */
  isMoving: boolean;
  /** Sends it there, if that is how it gets there: what has been given to the process goes with it. */
  move(): void;
  /** Has init in its namespaces: what only the host may write there is written before its first instruction. */
  settle(linux: Linux | undefined, searchPath: string): void;
  /** What of the request follows from how it was started. */
  request: Pick<InitRequest, 'joined' | 'left'> & Partial<InitRequest>;
}

const ANY_CHILD = -1;

/** Descriptors that init gets besides its own. */
export interface Inherited {
  fifo: Fd | undefined;
  /** How many from 3 on are the program's. */
  passedFds: number;
}

/** As whom init runs in a user namespace: as its root, or where there is none, as the user that it becomes. */
export function initUser({ uidMappings, gidMappings }: Linux, { user }: Pick<Process, 'user'>): InitUser {
  const { uid = 0, gid = 0 } = user ?? {};
  return {
    uid: hostId(uidMappings, 0) === undefined ? uid : 0,
    gid: hostId(gidMappings, 0) === undefined ? gid : 0,
  };
}

const FIRST_PASSED = 3;

/** Starts `trunc init` in linux.namespaces: the only way a process gets into a container. */
export function startInit(
  namespaces: readonly Namespace[] = [],
  as: InitUser,
  { fifo, passedFds }: Inherited,
): Init {
  const { plan, entersWhole } = planStart(namespaces);
  const [ours, theirs] = socketPair();
  using socket = theirs;
  const joinsUser = plan.join.some(({ kind }) => kind === 'user');
  const moves = entersWhole || (joinsUser && canMove(plan));
  using program = openOwnProgram(joinsUser && !moves);
  const { file, view } = program;
  using addon = program.addon;
  using mount = openFor('mnt', plan.joinMount);
  using cgroup = openFor('cgroup', plan.joinCgroup);
  const join = plan.join.map(({ kind, path }) => ({ kind, fd: openFor(kind, path) as Fd }));

  const moved = moves ? join.map(({ fd }) => fd) : [];
  const inherited = [socket, addon, fifo, mount, cgroup, ...moved].filter((fd) => fd !== undefined);
  for (const { number } of inherited) setCloseOnExec(number, false);
  // Engines mark what they inherit; init and then the program get it all the same.
  for (let number = 0; number < FIRST_PASSED + passedFds; number++) setCloseOnExec(number, false);
  const [, ...rest] = selfCommand();
  const argv = ['trunc', ...rest, 'init', String(socket.number), String(addon.number)];
  if (moves) argv.push('move');
  const started = startIn(plan, {
    file,
    argv,
    env: initEnvironment,
    fresh: moves ? [] : plan.fresh,
    join: moves ? [] : join,
    as,
    mappedByUser: !isHostRoot(),
  });
  // What it joins from outside every user namespace, it has joined when it goes on.
  const request = requestBy(plan, entersWhole ? [] : join, { fifo, mount, cgroup, as });
  const channel: InitChannel = new Channel(ours, 'init');
  const move = moves ? moveOf(plan, join, as) : undefined;
  for (const { fd } of join) fd.close();
  return {
    pid: started.pid,
    channel,
    view,
    moves,
    isMoving: false,
    move() {
      if (move === undefined) return;
      channel.send({ type: 'move', ...move });
      this.isMoving = true;
    },
    settle(linux = {}, searchPath) {
      started.made();
      this.move();
      if (this.isMoving) followMove(this);
      settle(this.pid, linux, plan, searchPath);
      started.go();
    },
    request,
  };
}

/** `entersWhole`: init joins all of a container by itself, and is seen there only then. */
function planStart(namespaces: readonly Namespace[]): { plan: NamespacePlan; entersWhole: boolean } {
  const plan = planNamespaces(namespaces);
  const entersWhole = isCompiled && joinsAll(plan) && isHostRoot();
  return { plan: entersWhole ? withMount(plan) : plan, entersWhole };
}

/** Node.js has threads, and nobody who has may. A new time namespace is entered by who is alone in its memory from the start. */
const canMove = ({ fresh }: NamespacePlan): boolean => isCompiled && !fresh.includes('time');

function moveOf({ fresh }: NamespacePlan, join: ProcessPlan['join'], as: InitUser): Move {
  const numbers = join.map(({ kind, fd }) => ({ kind, fd: fd.number }));
  const user = numbers.find(({ kind }) => kind === 'user')?.fd;
  const others = numbers.filter(({ kind }) => kind !== 'user');
  return { ...(user !== undefined && { user }), join: others, fresh, as };
}

/** Finds out which process it is now. */
function followMove(init: Init): void {
  const before = init.pid;
  init.isMoving = false;
  init.pid = expect(init, 'moved').pid;
  waitForExit(before);
}

/** Where it does not matter what keeps it from arriving. */
function tryToFollow(init: Init): void {
  if (!init.isMoving) return;
  try {
    followMove(init);
  } catch (error) {
    log.debug((error as Error).message);
  }
}

/** What init learns of how it was started. */
function requestBy(
  plan: NamespacePlan,
  join: ProcessPlan['join'],
  { fifo, mount, cgroup, as }: { [K in 'fifo' | 'mount' | 'cgroup']: Fd | undefined } & { as: InitUser },
): Init['request'] {
  const request: Init['request'] = { joined: joinedIds(join), left: leftIds(plan) };
  if (!isHostRoot() && join.length === 0 && !mount && !cgroup) request.traceable = true;
  if (as.uid !== 0 || as.gid !== 0) request.as = as;
  if (fifo !== undefined) request.fifo = fifo.number;
  if (mount !== undefined) request.joinMount = mount.number;
  if (cgroup !== undefined) request.joinCgroup = cgroup.number;
  return request;
}

function openFor(kind: NamespaceKind, path: string | undefined): Fd | undefined {
  if (path === undefined) return undefined;
  const field = 'linux.namespaces';
  const fd = within(`${field}: open the ${kind} namespace ${path}`, () => openNamespace(path), {
    code: 'NAMESPACE_JOIN',
    field,
  });
  if (isNamespace(fd, kind)) return fd;
  fd.close();
  throw new RuntimeError(`${field}: ${path} is no ${kind} namespace`, { code: 'NAMESPACE_JOIN', field });
}

function startIn(plan: NamespacePlan, program: ProcessPlan): StartedProcess {
  const field = 'linux.namespaces';
  const kinds = plan.fresh.join(', ');
  const start = () => startProcess(program);
  return within(`${field}: start init in new namespaces (${kinds})`, start, {
    code: 'NAMESPACE_NEW',
    field,
    hint: program.mappedByUser ? userHint(plan) : undefined,
  });
}

/** What keeps an ordinary user from making namespaces. */
function userHint({ fresh }: NamespacePlan): string {
  return fresh.includes('user')
    ? 'may ordinary users make user namespaces here? see the sysctls user.max_user_namespaces, ' +
        'kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns'
    : 'an ordinary user needs a user namespace: trunc spec --rootless writes such a config.json';
}

function settle(pid: number, linux: Linux, { fresh, join }: NamespacePlan, searchPath: string): void {
  if (join.some(({ kind }) => kind === 'user')) checkIdMaps(pid, linux);
  if (fresh.includes('user')) writeIdMaps(pid, linux, searchPath);
  if (fresh.includes('time')) writeTimeOffsets(pid, linux.timeOffsets);
}

/** The kernel's names of the joined namespaces: the inode of a namespace file is its number. */
function joinedIds(join: ProcessPlan['join']): Record<string, string> {
  return Object.fromEntries(join.map(({ kind, fd }) => [kind, `${kind}:[${statusOf(fd).inode}]`]));
}

/** The namespaces of the host that a call chain was to leave, where nothing else would tell that it did not. */
function leftIds({ fresh }: NamespacePlan): Record<string, string> {
  const kinds = fresh.includes('user') || fresh.includes('time') ? fresh : [];
  return Object.fromEntries(kinds.map((kind) => [kind, namespaceId(`/proc/self/ns/${kind}`)]));
}

/** Whether somebody else has killed it. */
export function wasKilled(init: Init): boolean {
  tryToFollow(init);
  using pidfd = init.exitStatus === undefined ? openPidfd(init.pid) : undefined;
  if (pidfd !== undefined && poll([pidfd.number], 0)[0]) init.exitStatus = waitForExit(init.pid);
  return init.exitStatus === SIGNALLED + SIGKILL;
}

/** Kills an init that must not go on and waits until it is gone. */
export function endInit(init: Init): void {
  tryToFollow(init);
  if (init.exitStatus !== undefined) return;
  using pidfd = openPidfd(init.pid);
  if (pidfd !== undefined) signalPidfd(pidfd, SIGKILL);
  init.exitStatus = waitForExit(init.pid);
}

/** The next message of init; when it has ended instead, says how. */
export function expect<T extends InitMessage['type']>(
  init: Init,
  type: T,
): Extract<InitMessage, { type: T }> {
  if (init.isMoving) followMove(init);
  const message = init.channel.receive(type);
  if (message !== undefined) return message;
  const ended = waitForExit(init.pid);
  // It has left that process by itself, and was ended as the next one.
  const status = type === 'moved' && ended === 0 ? waitForExit(ANY_CHILD) : ended;
  init.exitStatus = status;
  const how =
    status > SIGNALLED ? `was killed by signal ${status - SIGNALLED}` : `ended with status ${status}`;
  throw new RuntimeError(`container init ${how} before it was ready`, {
    code: 'INIT_DEAD',
    hint: status === SIGNALLED + SIGKILL ? 'linux.resources.memory.limit may be too low' : undefined,
  });
}
