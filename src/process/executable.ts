// Runs in the container's namespaces.
import { RuntimeError } from '../errors.ts';
import { mayExecute } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { isDirectory, statusAt } from '../linux/stat.ts';

// The phrases of this file are what engines look for to tell exit status 127 from 126.

/** Where execvp looks when there is no PATH. Source: confstr(3), _CS_PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** Why a file cannot be executed, in the words of Go's os/exec; undefined when it can. */
function refusal(path: string): string | undefined {
  try {
    // Docker 20.10 and Podman tell exit status 126 by these words alone.
    if (isDirectory(statusAt(path))) return 'permission denied: it is a directory';
    return mayExecute(path) ? undefined : 'permission denied';
  } catch (error) {
    if (failedWith(error, 'EACCES')) return 'permission denied';
    const isNoDirectory = failedWith(error, 'ENOTDIR');
    return `stat ${path}: ${isNoDirectory ? 'not a directory' : 'no such file or directory'}`;
  }
}

/** The file that process.args[0] means for the present user in the present root and directory. */
export function findExecutable(name: string, env: readonly string[]): string {
  const fail = (reason: string, code: string): never => {
    throw new RuntimeError(`process.args: exec: "${name}": ${reason}`, { code, field: 'process.args' });
  };
  if (name.includes('/')) {
    const reason = refusal(name);
    return reason === undefined
      ? name
      : fail(reason, reason.startsWith('stat') ? 'EXEC_NOT_FOUND' : 'EXEC_DENIED');
  }
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  const candidates = path.split(':').map((directory) => `${directory === '' ? '.' : directory}/${name}`);
  const found = candidates.find((candidate) => refusal(candidate) === undefined);
  if (found !== undefined) return found;
  const denied = candidates.some((candidate) => refusal(candidate) === 'permission denied');
  return denied
    ? fail('permission denied', 'EXEC_DENIED')
    : fail('executable file not found in $PATH', 'EXEC_NOT_FOUND');
}
