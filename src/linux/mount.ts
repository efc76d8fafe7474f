import { RuntimeError } from '../errors.ts';
import { Fd } from './fd.ts';
import { AT_EMPTY_PATH, AT_FDCWD } from './path.ts';
import { type SyscallError, syscall, syscallError, trySyscall } from './syscall.ts';

export const MS_MOVE = 0x2000;
export const MS_REC = 0x4000;
export const MS_BIND = 0x1000;
export const MS_UNBINDABLE = 0x20000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;
export const MS_SHARED = 0x100000;

/** Attributes of a mount. Source: include/uapi/linux/mount.h. */
export const MOUNT_ATTR = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  ATIME: 0x70,
  RELATIME: 0x0,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  NODIRATIME: 0x80,
  NOSYMFOLLOW: 0x200000,
} as const;

const MNT_DETACH = 2;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0x80000;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const MOVE_MOUNT_EMPTY_PATHS = 0x44;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOUNT_ATTR_SIZE = 32;
const LOG_SIZE = 4096;

/** The classic mount(2) where no option of a filesystem is involved: propagation, bind, move. */
export function mount(source: string | null, target: string, flags: number): void {
  syscall('mount', source, target, null, flags, null);
}

/** A parameter of a filesystem: a key with a value, or a flag. */
export type FilesystemParameter = [key: string, value?: string];

/**
 * Makes a filesystem and a detached mount of it, which is nowhere visible yet. Sources: fsopen(2),
 * Linux 5.2. What the filesystem itself says of a failure is in the message.
 */
export function newMount(type: string, parameters: readonly FilesystemParameter[], attributes: number): Fd {
  using context = new Fd(syscall('fsopen', type, FSOPEN_CLOEXEC));
  const configure = (command: number, key: string | null, value: string | null): void => {
    const result = trySyscall('fsconfig', context.number, command, key, value, 0);
    if (result < 0) throw explain(context, syscallError('fsconfig', -result), key);
  };
  for (const [key, value] of parameters) {
    if (value === undefined) configure(FSCONFIG_SET_FLAG, key, null);
    else configure(FSCONFIG_SET_STRING, key, value);
  }
  configure(FSCONFIG_CMD_CREATE, null, null);
  const result = trySyscall('fsmount', context.number, FSMOUNT_CLOEXEC, attributes);
  if (result < 0) throw explain(context, syscallError('fsmount', -result), null);
  return new Fd(result);
}

/** The messages that a filesystem has left in its context: `e tmpfs: Unknown parameter 'x'`. */
function explain(context: Fd, error: SyscallError, key: string | null): RuntimeError {
  const texts: string[] = [];
  for (;;) {
    const bytes = new Uint8Array(LOG_SIZE);
    const count = trySyscall('read', context.number, bytes, LOG_SIZE);
    if (count <= 0) break;
    texts.push(
      new TextDecoder()
        .decode(bytes.subarray(0, count))
        .trim()
        .replace(/^[ewi] /, ''),
    );
  }
  if (key !== null && texts.length === 0) texts.push(`option "${key}"`);
  const reasons = [...texts, error.message.replace(/^\w+: /, '')];
  return new RuntimeError(reasons.join(': '), { code: 'MOUNT', errno: error.errno }, error);
}

/** A detached copy of the mount at `path` (a host path), with what is mounted below it if `recursive`. */
export function cloneMount(path: string, recursive: boolean): Fd {
  return cloneMountAt(AT_FDCWD, path, recursive);
}

/** A detached copy of the mount at an open file or directory. */
export function cloneMountOf(fd: Fd, recursive: boolean): Fd {
  return cloneMountAt(fd.number, '', recursive);
}

function cloneMountAt(directory: number, path: string, recursive: boolean): Fd {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return new Fd(syscall('open_tree', directory, path, flags));
}

export interface AttributeChange {
  set: number;
  clear: number;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0 to leave it. */
  propagation?: number;
  recursive?: boolean;
}

/** Changes the attributes of a mount. Source: mount_setattr(2), Linux 5.12. */
export function changeMount(mounted: Fd, change: AttributeChange): void {
  const { set, clear, propagation = 0, recursive = false } = change;
  const words = BigUint64Array.of(BigInt(set), BigInt(clear), BigInt(propagation), 0n);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  syscall('mount_setattr', mounted.number, '', flags, new Uint8Array(words.buffer), MOUNT_ATTR_SIZE);
}

/** Attaches a detached mount on exactly the file or directory that `target` is, whatever its name. */
export function attachMount(mounted: Fd, target: Fd): void {
  syscall('move_mount', mounted.number, '', target.number, '', MOVE_MOUNT_EMPTY_PATHS);
}

/** Detaches the mount at `path` and everything below it. */
export function detachMount(path: string): void {
  syscall('umount2', path, MNT_DETACH);
}

export function pivotRoot(newRoot: string, oldRoot: string): void {
  syscall('pivot_root', newRoot, oldRoot);
}
