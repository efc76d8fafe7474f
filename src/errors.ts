/** Names of errors for programs: part of the interface, explained in docs/errors.md. None changes its meaning. */
export type ErrorCode =
  // The command line, and what it names.
  | 'USAGE'
  | 'ID_INVALID'
  | 'ROOT_INVALID'
  | 'SIGNAL_INVALID'
  | 'USER_INVALID'
  | 'FILE_EXISTS'
  | 'BAD_DESCRIPTOR'
  | 'SOCKET'
  | 'PID_FILE'
  | 'LOG_FILE'
  | 'PS_FAILED'
  // The state of a container.
  | 'NOT_FOUND'
  | 'ID_EXISTS'
  | 'BAD_STATUS'
  | 'NOT_RUNNING'
  | 'LOCKED'
  | 'KILL_TIMEOUT'
  | 'FREEZE_TIMEOUT'
  | 'INIT_DEAD'
  | 'STATE_DAMAGED'
  // config.json, and the documents that exec and update read.
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_INVALID'
  | 'PROCESS_INVALID'
  | 'RESOURCES_INVALID'
  | 'NOT_SUPPORTED'
  | 'NOT_AVAILABLE'
  // The program.
  | 'EXEC_NOT_FOUND'
  | 'EXEC_DENIED'
  | 'EXEC_INTERPRETER'
  | 'EXEC_FORMAT'
  | 'EXEC_FAILED'
  | 'CWD'
  | 'PROCESS_SET'
  | 'LABEL_REFUSED'
  | 'TERMINAL'
  // Files.
  | 'ROOTFS'
  | 'ROOTFS_PATH'
  | 'MOUNT'
  | 'MOUNT_IN_PROC'
  | 'DEVICE'
  | 'DEVICE_EXISTS'
  | 'MASKED_PATH'
  | 'READONLY_PATH'
  // Namespaces.
  | 'NAMESPACE_JOIN'
  | 'NAMESPACE_NEW'
  | 'ID_MAP'
  | 'TIME_OFFSETS'
  | 'HOSTNAME'
  | 'SYSCTL'
  | 'NET_DEVICE'
  // Cgroups, systemd, resctrl.
  | 'CGROUP_NONE'
  | 'CGROUP_ROOTLESS'
  | 'CGROUP_PATH'
  | 'CGROUP_NOT_EMPTY'
  | 'CGROUP_FROZEN'
  | 'CGROUP_THREADED'
  | 'CGROUP_CONTROLLER'
  | 'CGROUP_VERSION'
  | 'CGROUP_CREATE'
  | 'CGROUP_ENABLE'
  | 'CGROUP_SET'
  | 'CGROUP_DEVICES'
  | 'CGROUP_OWNER'
  | 'CGROUP_JOIN'
  | 'CGROUP_READ'
  | 'CGROUP_KILL'
  | 'CGROUP_REMOVE'
  | 'CGROUP_BUSY'
  | 'SYSTEMD_UNREACHABLE'
  | 'SYSTEMD_TIMEOUT'
  | 'SYSTEMD_JOB'
  | 'DBUS'
  | 'DBUS_NO_LIBRARY'
  | 'DBUS_TIMEOUT'
  | 'RDT_GROUP'
  // seccomp.
  | 'SECCOMP_INVALID'
  | 'SECCOMP_NO_LIBRARY'
  | 'SECCOMP_PRIVILEGE'
  | 'SECCOMP_LOAD'
  // Hooks.
  | 'HOOK_FAILED'
  | 'HOOK_TIMEOUT'
  // criu.
  | 'CRIU'
  | 'CRIU_MISSING'
  | 'CRIU_IMAGE'
  | 'CRIU_UNSUPPORTED'
  | 'NEEDS_ROOT'
  // What should not happen.
  | 'SYSCALL'
  | 'PROTOCOL'
  | 'INSTALLATION'
  | 'INTERNAL';

/** What an error says besides its message. Everything here survives the way from init to the host. */
export interface ErrorDetails {
  code?: ErrorCode | undefined;
  /** The property of config.json it is about, such as `linux.resources.memory.limit`. */
  field?: string | undefined;
  /** Symbolic errno of the system call that failed, such as `ENOENT`. */
  errno?: string | undefined;
  /** What to do about it. */
  hint?: string | undefined;
  /** Exit status of the command; 1 unless said otherwise. */
  exitCode?: number;
}

/** The one error class. Messages are lower case, on one line, without a full stop. */
export class RuntimeError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly errno: string | undefined;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, details: ErrorDetails & { code: ErrorCode }, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RuntimeError';
    this.code = details.code;
    this.field = details.field;
    this.errno = details.errno;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? 1;
  }

  /** Plain data for the protocol between the two halves. */
  toPlain(): PlainError {
    const { message, code, field, errno, hint, exitCode } = this;
    return { message, details: { code, field, errno, hint, exitCode } };
  }
}

/** A RuntimeError as it crosses the border between processes. */
export interface PlainError {
  message: string;
  details: ErrorDetails & { code: ErrorCode };
}

function isOfSystemCall(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'syscall' in thrown;
}

/** Any thrown value as a RuntimeError; node's own fs errors keep their errno, and mistakes are told as such. */
export function asRuntimeError(thrown: unknown): RuntimeError {
  if (thrown instanceof RuntimeError) return thrown;
  if (!isOfSystemCall(thrown))
    return new RuntimeError(`internal error: ${thrown}`, { code: 'INTERNAL' }, thrown);
  const { message, code: errno } = thrown;
  return new RuntimeError(message.replace(/^([A-Z0-9]+): /, ''), { code: 'SYSCALL', errno }, thrown);
}

/** Runs `action` and puts `context: ` in front of the message of whatever it throws; what that knows better stays. */
export function within<T>(context: string, action: () => T, details: ErrorDetails = {}): T {
  try {
    return action();
  } catch (thrown) {
    const { message, details: inner } = asRuntimeError(thrown).toPlain();
    const known = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
    // That a system call has failed says less than what it was for.
    const code = inner.code === 'SYSCALL' ? (details.code ?? inner.code) : inner.code;
    throw new RuntimeError(`${context}: ${message}`, { ...details, ...known, code }, thrown);
  }
}
