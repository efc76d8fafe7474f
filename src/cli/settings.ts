import { resolve } from 'node:path';
import { RuntimeError, within } from '../errors.ts';
import { changeMode, makeDirectories, readFile } from '../linux/file.ts';
import type { Globals } from './parse.ts';

/** What the global options and the environment say together. */
export interface Settings {
  /** Absolute directory of container state. */
  root: string;
  /** Whether `--root` was given: only the default may be missing. */
  rootGiven: boolean;
  systemdCgroup: boolean;
  rootless: 'auto' | boolean;
  /** Number of sockets passed by systemd's socket activation. */
  listenFds: number;
}

export function readSettings(globals: Globals, environment: NodeJS.ProcessEnv): Settings {
  const { root, rootless } = globals;
  return {
    root: root === undefined ? defaultRoot(environment) : checkRoot(root),
    rootGiven: root !== undefined,
    systemdCgroup: globals['systemd-cgroup'],
    rootless: rootless === 'auto' ? 'auto' : rootless === 'true',
    listenFds: countListenFds(environment, process.pid),
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
function defaultRoot(environment: NodeJS.ProcessEnv): string {
  const runtimeDirectory = environment.XDG_RUNTIME_DIR ?? '';
  if (runtimeDirectory === '' || !isOrdinaryUser(environment.USER)) return '/run/trunc';
  const root = resolve(runtimeDirectory, 'trunc');
  within('$XDG_RUNTIME_DIR', () => {
    makeDirectories(root, 0o700);
    changeMode(root, 0o1700);
  });
  return root;
}

/** Whether the caller is not the host's root; root of a user namespace is somebody else outside. */
function isOrdinaryUser(user: string | undefined): boolean {
  if (process.geteuid?.() !== 0) return true;
  return user !== 'root' && !/^\s*0\s+0\s+4294967295\s*$/.test(readFile('/proc/self/uid_map'));
}

/** See sd_listen_fds(3). Sockets that were meant for another process are left alone. */
export function countListenFds(environment: NodeJS.ProcessEnv, pid: number): number {
  const { LISTEN_FDS: count = '', LISTEN_PID: target } = environment;
  if (target !== undefined && target !== String(pid)) return 0;
  return /^\d{1,9}$/.test(count) ? Number(count) : 0;
}
