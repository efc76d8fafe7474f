// Runs in the container's namespaces.
import { type ErrorCode, RuntimeError } from '../errors.ts';
import { NO_PROGRAM } from '../linux/exec.ts';
import { type ExecFailure, execDenial, execFailure } from '../linux/exec-failure.ts';
import { mayExecute } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { isDirectory, statusAt } from '../linux/stat.ts';
import { SyscallError } from '../linux/syscall.ts';

// The phrases of this file are what engines look for to tell exit status 127 from 126.

const FIELD = 'process.args';
/** Where execvp looks when there is no PATH. Source: confstr(3), _CS_PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';
/** What Docker 20.10 and Podman tell exit status 126 by. */
const DENIED = 'permission denied';

/** Why a file cannot be executed, in the words of Go's os/exec; undefined when it can. */
function refusal(path: string): string | undefined {
  try {
    if (isDirectory(statusAt(path))) return `${DENIED}: it is a directory`;
    return mayExecute(path) ? undefined : DENIED;
  } catch (error) {
    if (failedWith(error, 'EACCES')) return DENIED;
    const isNoDirectory = failedWith(error, 'ENOTDIR');
    return `stat ${path}: ${isNoDirectory ? 'not a directory' : 'no such file or directory'}`;
  }
}

/** The file that process.args[0] means for the present user in the present root and directory. */
export function findExecutable(name: string, env: readonly string[]): string {
  if (name.includes('/')) {
    const reason = refusal(name);
    if (reason === undefined) return name;
    if (reason.startsWith(DENIED)) throw denied(name, name, reason);
    throw notExecutable(name, reason, 'EXEC_NOT_FOUND', misreading(name));
  }
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  const candidates = path.split(':').map((directory) => `${directory === '' ? '.' : directory}/${name}`);
  const found = candidates.find((candidate) => refusal(candidate) === undefined);
  if (found !== undefined) return found;
  const first = candidates.find((candidate) => refusal(candidate) === DENIED);
  if (first !== undefined) throw denied(name, first, DENIED);
  const hint = misreading(name) ?? `looked for in ${path === '' ? 'no directory: PATH is empty' : path}`;
  throw notExecutable(name, 'executable file not found in $PATH', 'EXEC_NOT_FOUND', hint);
}

/** What a shell would have made of the name. */
function misreading(name: string): string | undefined {
  if (/\s/.test(name)) return 'no shell splits it: each argument is a string of its own in process.args';
  return /^~|\$/.test(name) ? 'no shell expands it: give the path itself' : undefined;
}

/** With what of its mode, its owner or its mount keeps this user from executing it. */
function denied(name: string, path: string, reason: string): RuntimeError {
  const why = reason === DENIED ? execDenial(path) : undefined;
  if (why === undefined) return notExecutable(name, reason, 'EXEC_DENIED');
  const which = path === name ? '' : `${path}: `;
  return notExecutable(name, `${reason}: ${which}${why.reason}`, 'EXEC_DENIED', why.hint);
}

function notExecutable(name: string, reason: string, code: ErrorCode, hint?: string): RuntimeError {
  return new RuntimeError(`${FIELD}: exec: "${name}": ${reason}`, { code, field: FIELD, hint });
}

/** What execve says of a file that is not what is missing, or broken, itself. */
const EXPLAINED = ['ENOENT', 'ENOEXEC', 'EACCES'];

/**
 * Runs `execute`, which replaces this process by `path`; throws why that was not possible. `known` is what execFailure said
 * beforehand, where it cannot be asked afterwards.
 */
export function execute(path: string, execute: () => never, known?: { why: ExecFailure | undefined }): never {
  try {
    return execute();
  } catch (error) {
    // A filter that could not be loaded.
    if (!(error instanceof SyscallError)) throw error;
    const { reason, errno } = error;
    const isExplained = EXPLAINED.includes(errno ?? '');
    const why = isExplained ? (known === undefined ? execFailure(path) : known.why) : undefined;
    const details = { code: 'EXEC_FAILED', ...why, field: FIELD, errno, exitCode: NO_PROGRAM } as const;
    throw new RuntimeError(
      `exec ${path}: ${reason}${why === undefined ? '' : `: ${why.reason}`}`,
      details,
      error,
    );
  }
}
