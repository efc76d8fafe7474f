// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { effectiveGroup, effectiveUser } from '../linux/credentials.ts';
import { findProgram } from '../linux/file.ts';
import { runProgram } from '../linux/run-program.ts';
import type { IdMapping } from '../spec/config.ts';

export type IdKind = 'uid' | 'gid';

/** A map to be written for a process, and where to look for what can write it. */
export interface IdMap {
  pid: number;
  kind: IdKind;
  mappings: readonly IdMapping[];
  searchPath: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Has `newuidmap` or `newgidmap` write the map of a process: only they may, for an ordinary user, and only ids that root has
 * set aside for that user. Sources: newuidmap(1), subuid(5).
 */
export function runMapHelper({ pid, kind, mappings, searchPath }: IdMap): void {
  const name = `new${kind}map`;
  const file = findProgram(name, searchPath);
  if (file === undefined) {
    throw new RuntimeError(
      `an ordinary user needs ${name} to map other ids than the own one, and it is not on the PATH`,
      {
        code: 'ID_MAP',
        errno: 'EPERM',
        hint: `install it (Debian, Ubuntu: uidmap; Fedora: shadow-utils), or map one id: ${ownId(kind)}`,
      },
    );
  }
  const ranges = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  const argv = [name, pid, ...ranges].map(String);
  const { status, how, output } = runProgram({
    file,
    argv,
    env: [],
    cwd: '/',
    limits: [],
    input: '',
    milliseconds: TIMEOUT_MS,
  });
  if (status === 0) return;
  // What it says has the usage after it, and the name in front.
  const [reason = ''] = output.trim().replace(`${name}: `, '').split('\n');
  throw new RuntimeError(`${name}: ${reason === '' ? how : reason}`, {
    code: 'ID_MAP',
    errno: 'EPERM',
    hint: `the ids that the user ${ownId('uid')} may map are in /etc/sub${kind}, see subuid(5), and ${name} must be setuid root`,
  });
}

function ownId(kind: IdKind): number | undefined {
  return kind === 'uid' ? effectiveUser() : effectiveGroup();
}
