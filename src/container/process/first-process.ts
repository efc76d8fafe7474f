import type { Fd } from '../../linux/fd.ts';
import { namespaceId } from '../../linux/namespace.ts';
import { failedWith, O_DIRECTORY, O_PATH, openPath } from '../../linux/path.ts';
import { poll } from '../../linux/poll.ts';
import { processStat } from '../../linux/proc.ts';
import { openPidfd } from '../../linux/signal.ts';
import { namespaceKind } from '../../namespaces/plan.ts';
import type { Namespace } from '../../spec/config.ts';
import { isAlive } from '../status.ts';
import type { ContainerRecord } from '../store.ts';

/** Who ends all processes of a container may come to this one last. */
const KILL_MS = 1000;

/**
 * The directory in /proc of a container's first process, undefined when that has ended: what is opened below it is that very
 * process's, even if its pid is another one's by then.
 */
export function openProcess(record: ContainerRecord): Fd | undefined {
  const directory = tryOpen(`/proc/${record.init_process_pid}`);
  if (directory === undefined) return undefined;
  if (isAlive(record)) return directory;
  directory.close();
  return undefined;
}

function tryOpen(path: string): Fd | undefined {
  try {
    return openPath(path, O_PATH | O_DIRECTORY);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Whether a container's first process has ended, or cannot but end: what it had is gone earlier than it is, and so are the
 * processes of its pid namespace, for all of which it waits. `isKilled` says that somebody has killed one more process of the
 * container, and may be about to kill this one.
 */
export function isEnding(record: ContainerRecord, isKilled: boolean): boolean {
  using process = openPidfd(record.init_process_pid);
  const isOver = () => !isAlive(record) || processStat(record.init_process_pid)?.isEnding !== false;
  if (process === undefined || isOver()) return true;
  return isKilled && (poll([process.number], KILL_MS)[0] === true || isOver());
}

/**
 * Those namespaces of a container in which its first process is, by that one's directory in /proc, and the caller is not. What
 * config.json does not name is not the container's: the process may have made itself a user namespace in which the caller's
 * files are its own, and whoever is in there with it. It has that of who made it.
 */
export function foreignNamespaces(directory: Fd, { config, user_namespace }: ContainerRecord): Namespace[] {
  const namespaces: Namespace[] = [];
  const path = (kind: string) => `/proc/self/fd/${directory.number}/ns/${kind}`;
  const types = (config.linux?.namespaces ?? []).map(({ type }) => type);
  if (user_namespace !== undefined && namespaceId(path('user')) === user_namespace) types.push('user');
  for (const type of types) {
    const kind = namespaceKind(type);
    const own = idOf(`/proc/self/ns/${kind}`);
    // A kind that this kernel does not have.
    if (own === undefined) continue;
    if (namespaceId(path(kind)) !== own) namespaces.push({ type, path: path(kind) });
  }
  return namespaces;
}

function idOf(path: string): string | undefined {
  try {
    return namespaceId(path);
  } catch {
    return undefined;
  }
}
