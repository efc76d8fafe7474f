import { RuntimeError } from '../errors.ts';
import { Fd } from './fd.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from './path.ts';
import { type SyscallError, syscall, syscallError, trySyscall } from './syscall.ts';
import { byteLength, decode } from './text.ts';

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
const MOUNT_ATTR_IDMAP = 0x100000;
const FSOPEN_CLOEXEC = 1;
const FSPICK_CLOEXEC = 1;
const FSPICK_EMPTY_PATH = 8;
const FSMOUNT_CLOEXEC = 1;
const MOVE_MOUNT_EMPTY_PATHS = 0x44;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSCONFIG_CMD_RECONFIGURE = 7;
/** What fsconfig() takes of a value: strndup_user(…, 256) in fs/fsopen.c. */
export const MAX_VALUE_BYTES = 255;
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
  const number = trySyscall('fsopen', type, FSOPEN_CLOEXEC);
  if (number < 0) throw syscallError('fsopen', -number, `filesystem ${JSON.stringify(type)}`);
  using context = new Fd(number);
  configure(context, parameters, FSCONFIG_CMD_CREATE);
  const result = trySyscall('fsmount', context.number, FSMOUNT_CLOEXEC, attributes);
  if (result < 0) throw explain(context, syscallError('fsmount', -result), null);
  return new Fd(result);
}

/** Changes the filesystem that is mounted at an open mount point, wherever else it is mounted. Source: fspick(2), Linux 5.2. */
export function reconfigureFilesystem(mounted: Fd, parameters: readonly FilesystemParameter[]): void {
  using context = new Fd(syscall('fspick', mounted.number, '', FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
  configure(context, parameters, FSCONFIG_CMD_RECONFIGURE);
}

function configure(context: Fd, parameters: readonly FilesystemParameter[], command: number): void {
  const tell = (kind: number, key: string | null, value: string | null): void => {
    const result = trySyscall('fsconfig', context.number, kind, key, value, 0);
    if (result < 0)
      throw explain(context, syscallError('fsconfig', -result), value ? `${key}=${value}` : key);
  };
  for (const [key, value] of parameters) {
    if (value === undefined) tell(FSCONFIG_SET_FLAG, key, null);
    else if (byteLength(value) <= MAX_VALUE_BYTES) tell(FSCONFIG_SET_STRING, key, value);
    else throw tooLong(key, value);
  }
  tell(command, null, null);
}

function tooLong(key: string, value: string): RuntimeError {
  const length = byteLength(value);
  return new RuntimeError(`option "${key}": ${length} bytes, and the kernel takes ${MAX_VALUE_BYTES}`, {
    code: 'MOUNT',
    errno: 'EINVAL',
  });
}

/** The messages that a filesystem has left in its context: `e tmpfs: Unknown parameter 'x'`. */
function explain(context: Fd, error: SyscallError, option: string | null): RuntimeError {
  const texts: string[] = [];
  for (;;) {
    const bytes = new Uint8Array(LOG_SIZE);
    const count = trySyscall('read', context.number, bytes, LOG_SIZE);
    if (count <= 0) break;
    texts.push(
      decode(bytes.subarray(0, count))
        .trim()
        .replace(/^[ewi] /, ''),
    );
  }
  if (option !== null && texts.length === 0) texts.push(`option "${option}"`);
  const reasons = [...texts, error.message.replace(/^\w+: /, '')];
  return new RuntimeError(reasons.join(': '), { code: 'MOUNT', errno: error.errno }, error);
}

/**
 * A detached copy of the mount at `path` (a host path), with what is mounted below it if `recursive`. The copy of a
 * symlink itself with `follow` false.
 */
export function cloneMount(path: string, recursive: boolean, follow = true): Fd {
  return cloneMountAt(AT_FDCWD, path, (recursive ? AT_RECURSIVE : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

/** A detached copy of the mount at an open file or directory. */
export function cloneMountOf(fd: Fd, recursive: boolean): Fd {
  return cloneMountAt(fd.number, '', recursive ? AT_RECURSIVE : 0);
}

function cloneMountAt(directory: number, path: string, flags: number): Fd {
  const always = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  const result = trySyscall('open_tree', directory, path, always | flags);
  if (result < 0) throw syscallError('open_tree', -result, path || undefined);
  return new Fd(result);
}

export interface AttributeChange {
  set: number;
  clear: number;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0 to leave it. */
  propagation?: number;
  recursive?: boolean;
  /** A user namespace whose maps the owners of files are shown through; only for a mount that was never attached. */
  idmap?: Fd;
}

/** Changes the attributes of a mount. Source: mount_setattr(2), Linux 5.12. */
export function changeMount(mounted: Fd, change: AttributeChange): void {
  const { set, clear, propagation = 0, recursive = false, idmap } = change;
  const bits = set | (idmap === undefined ? 0 : MOUNT_ATTR_IDMAP);
  // A struct mount_attr: four numbers of 64 bits, of which none needs the upper half.
  const words = new Uint32Array([bits, 0, clear, 0, propagation, 0, idmap?.number ?? 0, 0]);
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
