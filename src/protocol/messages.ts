// Pure.
import type { PlainError } from '../errors.ts';
import type { NamespaceKind } from '../linux/namespace.ts';
import type { LogOptions } from '../log.ts';
import type { Spec } from '../spec/config.ts';

/**
 * What the two halves say to each other while a container is created (time runs down):
 *
 *     host                                       init
 *      ── move ─────────────────────────────────▶   only where a user namespace, or all of a container's, are joined
 *      ◀────────────────────────────── moved ──     it is another process now, in the namespaces
 *      ── request ──────────────────────────────▶   everything that init needs to know
 *      ◀──────────────────────────── arrived ──     it is in its namespaces; only where there are netDevices, or
 *                                                   sources of bind mounts that only the host may open or map
 *      ── descriptors ──────────────────────────▶   those sources
 *      (netDevices, cgroup, its limits)             (mounts)
 *      ── cgroup, descriptors ──────────────────▶   init joins by writing 0 to each: as late as possible, so
 *                                                   that the engine's memory is charged elsewhere, but before
 *                                                   a cgroup is mounted
 *      ◀──────────────────────────── mounted ──     only with prestart or createRuntime hooks, which the host
 *      ── hooked ───────────────────────────────▶   runs in between
 *                                                   (createContainer hooks)
 *                                                   (pivot_root)
 *      ◀────────────────── terminal, descriptor ──   only with process.terminal: its master end
 *                                                   (user, capabilities …)
 *      ◀────────────────────────────── ready ──     all that is left is the wait and execve
 *      (state.json, pid file)
 *      ── go ───────────────────────────────────▶   (exec.fifo, startContainer hooks)
 *      ◀────────────────────────── executing ──     only with startContainer or poststart hooks or a
 *                                                   listener, and with an exec.fifo through that, to start
 *                                                   (linux.seccomp)
 *      ◀───────────────── listener, descriptor ──   only with SCMP_ACT_NOTIFY
 *      ── go ───────────────────────────────────▶   (capabilities)
 *      (end, poststart hooks)                       (execve)
 *
 * With `exec` it is the same, but for what only a new container needs. No descriptor goes through an exec.fifo: for a listener
 * init first makes a connection to the start command, which takes its end from it (`link`).
 *
 * At any time init may send `log`, a line that the host writes: init's files are the container's. Instead of any of its
 * messages it may send `failed`, which is thrown on the host. Either side ends when the other one does: a container is
 * created wholly or not at all.
 */
export type HostMessage =
  | ({ type: 'move' } & Move)
  | { type: 'request'; request: InitRequest }
  | { type: 'cgroup' }
  | { type: 'hooked' }
  | { type: 'go' };

export type InitMessage =
  | { type: 'moved'; pid: number }
  | { type: 'arrived' }
  | { type: 'mounted' }
  | { type: 'terminal' }
  | { type: 'ready' }
  | { type: 'listener' }
  | { type: 'log'; line: string }
  | LastMessage;

/** What init says at the end to whoever has let it go on. */
export type LastMessage = { type: 'executing' } | { type: 'failed'; error: PlainError };

/** To the start command: the number that its end of a connection has in init. */
export interface LinkMessage {
  type: 'link';
  socket: number;
}

export interface InitUser {
  uid: number;
  gid: number;
}

/** Into a user namespace, if any, from outside, and into others, or new ones. Descriptors are numbers in init's own table. */
export interface Move {
  user?: number;
  join: readonly { kind: NamespaceKind; fd: number }[];
  fresh: readonly NamespaceKind[];
  as: InitUser;
}

/** Everything that init needs to know. Descriptors are numbers in init's own table. */
export interface InitRequest {
  /** For `exec`: of the container, but with the process that is to be run, and without hooks. */
  spec: Spec;
  /** Set for `exec`: the container is there, in joined namespaces. */
  enters?: true;
  /** Absolute paths on the host. */
  bundle: string;
  rootfs: string;
  id: string;
  noPivot: boolean;
  noNewKeyring: boolean;
  /** How many descriptors from 3 on are the program's: those of systemd's protocol, then --preserve-fds. */
  listenFds: number;
  preserveFds: number;
  /** Set when a socket for sd_notify(3) is mounted in the container. */
  notify?: true;
  /** The caller's soft RLIMIT_NOFILE, where the engine has changed its own. */
  softNofile?: number;
  /** The container's cgroup directories by controller. */
  cgroupPaths: Readonly<Record<string, string>>;
  /** How many descriptors it gets when it has arrived: sources of bind mounts, in the order of mounts[]. */
  sources: number;
  /** The exec.fifo; absent when `go` is also the permission to execute the program. */
  fifo?: number;
  /** Namespaces that only a booted init can join. */
  joinMount?: number;
  joinCgroup?: number;
  /** As whom it runs in a user namespace that has no root. */
  as?: InitUser;
  /** Set where only its user can look into it, and nobody is in its namespaces yet: the files in /proc are that user's. */
  traceable?: true;
  /** Identities (`net:[4026531840]`), by kind, of namespaces that init must find itself in, or out of. */
  joined: Readonly<Record<string, string>>;
  left: Readonly<Record<string, string>>;
  /** linux.seccomp, compiled: BPF instructions in Base64, and the flags of seccomp(2). */
  seccomp?: { program: string; flags: number };
  /** The same for startContainer hooks, where it is another one: nobody watches them. */
  hookSeccomp?: { program: string; flags: number };
  log: LogOptions;
}
