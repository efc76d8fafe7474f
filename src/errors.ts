/** What an error says besides its message. Everything here survives the way from init to the host. */
export interface ErrorDetails {
  /** Stable, machine-readable name such as `CONFIG_INVALID`; part of the interface. */
  code?: string;
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
  readonly code: string;
  readonly field: string | undefined;
  readonly errno: string | undefined;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RuntimeError';
    this.code = details.code ?? 'RUNTIME_ERROR';
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
  details: ErrorDetails;
}

/** What only a mistake in this program can have thrown. */
function isMistake(thrown: Error): boolean {
  return thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof ReferenceError;
}

/** Any thrown value as a RuntimeError; node's own fs errors keep their errno, and mistakes are told as such. */
export function asRuntimeError(thrown: unknown): RuntimeError {
  if (thrown instanceof RuntimeError) return thrown;
  if (!(thrown instanceof Error)) return new RuntimeError(String(thrown));
  if (isMistake(thrown)) return new RuntimeError(`internal error: ${thrown}`, { code: 'INTERNAL' }, thrown);
  const errno = (thrown as NodeJS.ErrnoException).code;
  return new RuntimeError(thrown.message.replace(/^([A-Z0-9]+): /, ''), { errno }, thrown);
}

/** Runs `action` and puts `context: ` in front of the message of whatever it throws. */
export function within<T>(context: string, action: () => T, details: ErrorDetails = {}): T {
  try {
    return action();
  } catch (thrown) {
    const { message, details: inner } = asRuntimeError(thrown).toPlain();
    const known = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
    throw new RuntimeError(`${context}: ${message}`, { ...details, ...known }, thrown);
  }
}

/** A text that may quote anything, such as a path, on one line: control characters are written as in JSON. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, (characters) => JSON.stringify(characters).slice(1, -1));
}

/** The refusal of a part of the configuration that trunc does not carry out yet. */
export function notSupported(field: string): RuntimeError {
  return new RuntimeError(`not supported yet: ${field}`, { code: 'NOT_SUPPORTED', field });
}
