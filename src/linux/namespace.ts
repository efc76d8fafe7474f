import type { Fd } from './fd.ts';
import { readLink } from './file.ts';
import { MS_REC, MS_SLAVE, mount } from './mount.ts';
import { O_NONBLOCK, O_RDONLY, openPath } from './path.ts';
import { syscall, trySyscall } from './syscall.ts';

/** The kernel's flag of each kind of namespace, by its name under /proc/PID/ns. */
export const CLONE_NEW = {
  time: 0x00000080,
  mnt: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  pid: 0x20000000,
  net: 0x40000000,
} as const;

export type NamespaceKind = keyof typeof CLONE_NEW;

const CLONE_FS = 0x200;

/** Opens a namespace by path. A FIFO in its place must not make anybody wait. */
export function openNamespace(path: string): Fd {
  return openPath(path, O_RDONLY | O_NONBLOCK);
}

const NS_GET_NSTYPE = 0xb703;

/** Whether an open file is a namespace of this kind. Source: ioctl_ns(2). */
export function isNamespace(fd: Fd, kind: NamespaceKind): boolean {
  return trySyscall('ioctl', fd.number, NS_GET_NSTYPE, 0) === CLONE_NEW[kind];
}

/** The identity of a namespace as the kernel prints it, such as `net:[4026531840]`. */
export function namespaceId(path: string): string {
  return readLink(path);
}

/** Moves the calling thread into a namespace of the given kind. */
export function joinNamespace(fd: Fd, kind: NamespaceKind): void {
  // A thread that shares its root and cwd with others may not change its mount namespace.
  if (kind === 'mnt') syscall('unshare', CLONE_FS);
  syscall('setns', fd.number, CLONE_NEW[kind]);
}

/** Runs `action` with the calling thread in another namespace; `own` is the path of the one it comes from. */
export function inNamespace<T>(fd: Fd, kind: 'net', own: string, action: () => T): T {
  using home = openNamespace(own);
  joinNamespace(fd, kind);
  try {
    return action();
  } finally {
    joinNamespace(home, kind);
  }
}

/**
 * Runs `action` with the calling thread in a copy of its mount namespace, from which nothing that is mounted reaches the
 * original; a process that it starts stays there, and with it what is mounted. Source: mount_namespaces(7).
 */
export function inOwnMounts<T>(action: () => T): T {
  return inMounts(
    () => newNamespace('mnt'),
    () => {
      mount(null, '/', MS_REC | MS_SLAVE);
      return action();
    },
  );
}

/** Runs `action` with the calling thread in the mount namespace of another process. */
export function inMountsOf<T>(pid: number, action: () => T): T {
  using theirs = openNamespace(`/proc/${pid}/ns/mnt`);
  return inMounts(() => joinNamespace(theirs, 'mnt'), action);
}

function inMounts<T>(enter: () => void, action: () => T): T {
  const cwd = process.cwd();
  using home = openNamespace('/proc/thread-self/ns/mnt');
  enter();
  try {
    return action();
  } finally {
    joinNamespace(home, 'mnt');
    // Whoever joins a mount namespace finds itself in its root directory.
    syscall('chdir', cwd);
  }
}

/** Moves the calling thread into a new namespace of the given kind. */
export function newNamespace(kind: NamespaceKind): void {
  syscall('unshare', CLONE_NEW[kind]);
}
