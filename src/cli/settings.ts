import type { SystemdOptions } from '../container/options.ts';
import { RuntimeError, within } from '../errors.ts';
import { effectiveUser } from '../linux/credentials.ts';
import { changeMode, makeDirectories } from '../linux/file.ts';
import { isFirstUserNamespace } from '../linux/user-namespace.ts';
import { resolve } from '../posix-path.ts';
import type { Globals } from './parse.ts';

/** What the global options and the environment say together. */
export interface Settings {
  /** Absolute directory of container state. */
  root: string;
  /** Whether `--root` was given: only the default may be missing. */
  rootGiven: boolean;
  systemdCgroup: boolean;
  /** Containers get no cgroup of their own. */
  noCgroup: boolean;
  /** How to reach systemd. */
  systemd: SystemdOptions;
  rootless: 'auto' | boolean;
  seccompCache: boolean;
  /** $PATH. */
  searchPath: string;
  /** Number of sockets passed by systemd's socket activation. */
  listenFds: number;
  /** Where systemd listens for the program to be ready. See sd_notify(3). */
  notifySocket: string | undefined;
}

/**
 * Throws what is wrong with --root. The default one of an ordinary user is made, if it is not there. `uid` is the caller's
 * effective one.
 */
export function readSettings(
  globals: Globals,
  environment: NodeJS.ProcessEnv,
  uid = effectiveUser(),
): Settings {
  const isOrdinary = isOrdinaryUser(uid, environment.USER);
  const { root, rootless, 'cgroup-manager': manager } = globals;
  return {
    root: root === undefined ? defaultRoot(environment, isOrdinary) : checkRoot(root),
    rootGiven: root !== undefined,
    systemdCgroup: globals['systemd-cgroup'] || manager === 'systemd',
    noCgroup: manager === 'disabled',
    systemd: systemdOptions(environment, isOrdinary, uid),
    rootless: rootless === 'auto' ? 'auto' : rootless === 'true',
    seccompCache: !globals['no-seccomp-cache'],
    searchPath: environment.PATH ?? '',
    listenFds: countListenFds(environment, process.pid),
    notifySocket: environment.NOTIFY_SOCKET || undefined,
  };
}

function checkRoot(root: string): string {
  const absolute = resolve(root);
  if (root !== '' && absolute !== '/') return absolute;
  throw new RuntimeError(`invalid --root ${JSON.stringify(root)}`, {
    code: 'ROOT_INVALID',
    hint: 'give a directory of its own',
  });
}

/** Makes the directory in $XDG_RUNTIME_DIR: that specification has cleaners spare what has the sticky bit. */
function defaultRoot(environment: NodeJS.ProcessEnv, isOrdinary: boolean): string {
  const runtimeDirectory = environment.XDG_RUNTIME_DIR ?? '';
  if (runtimeDirectory === '' || !isOrdinary) return '/run/trunc';
  const root = resolve(runtimeDirectory, 'trunc');
  const make = (): void => {
    makeDirectories(root, 0o700);
    changeMode(root, 0o1700);
  };
  within('$XDG_RUNTIME_DIR', make, { code: 'ROOT_INVALID' });
  return root;
}

/** Whether the caller is not the host's root; root of a user namespace is somebody else outside. */
function isOrdinaryUser(uid: number, name: string | undefined): boolean {
  if (uid !== 0) return true;
  return name !== 'root' && !isFirstUserNamespace();
}

/** See sd_listen_fds(3). Sockets that were meant for another process, or for none, are left alone. */
export function countListenFds(environment: NodeJS.ProcessEnv, pid: number): number {
  const { LISTEN_FDS: count = '', LISTEN_PID: target } = environment;
  if (target !== String(pid)) return 0;
  return /^\d{1,9}$/.test(count) ? Number(count) : 0;
}

const DEFAULT_TIMEOUT_S = 30;

/** The system's own for root, otherwise the user's, by the message bus or past it. See sd_bus_open_system(3). */
export function systemdOptions(
  environment: NodeJS.ProcessEnv,
  user: boolean,
  uid = effectiveUser(),
): SystemdOptions {
  const { DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS, TRUNC_SYSTEMD_TIMEOUT } = environment;
  const runtime = environment.XDG_RUNTIME_DIR ?? `/run/user/${uid}`;
  const bus = user
    ? (DBUS_SESSION_BUS_ADDRESS ?? `unix:path=${runtime}/bus`)
    : (DBUS_SYSTEM_BUS_ADDRESS ?? 'unix:path=/run/dbus/system_bus_socket');
  const own = user ? `unix:path=${runtime}/systemd/private` : 'unix:path=/run/systemd/private';
  const seconds = Number(TRUNC_SYSTEMD_TIMEOUT);
  return {
    user,
    addresses: [
      { address: bus, peer: false },
      { address: own, peer: true },
    ],
    timeoutMs: 1000 * (seconds > 0 ? seconds : DEFAULT_TIMEOUT_S),
  };
}
