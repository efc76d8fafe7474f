import { asRuntimeError, RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import {
  exists,
  listDirectory,
  makeDirectories,
  makeDirectory,
  readFile,
  removeDirectory,
  removeFile,
  rename,
  writeFile,
} from '../linux/file.ts';
import { isLocked, lockFile, shareLock } from '../linux/file-lock.ts';
import { failedWith, O_DIRECTORY, O_RDONLY, openPath } from '../linux/path.ts';
import { statusOf } from '../linux/stat.ts';
import { join } from '../posix-path.ts';
import type { Spec } from '../spec/config.ts';
import type { ExactSeccomp } from '../spec/exact.ts';
import type { ContainerOptions, CreateOptions } from './options.ts';

/** state.json: what is known of a container. Keys that others read have the names that they expect. */
export interface ContainerRecord {
  id: string;
  bundle: string;
  rootfs: string;
  /** RFC 3339. */
  created: string;
  /** Set when it is read while `create` is not done. */
  creating?: true;
  /** Set while `restore` is not done, once it has made the cgroup: every process in it is the container's. */
  restoring?: true;
  init_process_pid: number;
  /** Clock ticks since boot: a recycled pid is never taken for the container. */
  init_process_start: number;
  cgroup_paths: Readonly<Record<string, string>>;
  /** The unit of systemd that its cgroup is, if it is one. */
  systemd_unit?: string;
  namespace_paths: Readonly<Record<string, string>>;
  /** The user namespace that it shares with who made it, unless that is the first one. */
  user_namespace?: string;
  /** Where its standard streams lead, for a checkpoint: `pipe:[123]`, `/dev/null` … */
  external_descriptors: readonly string[];
  /** Set when it has no session keyring of its own. */
  no_new_keyring?: true;
  /** With linux.intelRdt: the group that it is in, and that of its own counters. */
  intel_rdt_path?: string;
  intel_rdt_mon_path?: string;
  config: Spec;
  /** linux.seccomp, where `config` cannot hold its numbers. */
  exact_seccomp?: ExactSeccomp;
}

export const containerDirectory = ({ root, id }: ContainerOptions): string => join(root, id);
export const notifyDirectory = (options: ContainerOptions): string =>
  join(containerDirectory(options), 'notify');
export const fifoPath = (options: ContainerOptions): string => join(containerDirectory(options), 'exec.fifo');
/** The directory of compiled profiles: no container can have that name. */
export const seccompCache = ({
  root,
  seccompCache,
}: Pick<CreateOptions, 'root' | 'seccompCache'>): string | undefined =>
  seccompCache ? join(root, '@seccomp') : undefined;
const watchPath = (options: ContainerOptions): string => join(containerDirectory(options), 'seccomp-log');
const recordPath = (options: ContainerOptions): string => join(containerDirectory(options), 'state.json');
const announcedPath = (options: ContainerOptions): string =>
  join(containerDirectory(options), 'creating.json');

/** What goes wrong in the root as a whole, told as that. */
function aboutRoot(thrown: unknown): RuntimeError {
  const { message, errno } = asRuntimeError(thrown);
  const hint =
    errno === 'EACCES' ? 'an ordinary user needs XDG_RUNTIME_DIR, or a --root of its own' : undefined;
  return new RuntimeError(`--root: ${message}`, { code: 'ROOT_INVALID', errno, hint }, thrown);
}

/** Makes the container's directory, which is what claims its ID. */
export function claim(options: ContainerOptions): void {
  try {
    makeDirectories(options.root, 0o700);
    makeDirectory(containerDirectory(options), 0o711);
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw aboutRoot(error);
    throw new RuntimeError(`container with given ID already exists: ${options.id}`, {
      code: 'ID_EXISTS',
      hint: `trunc delete ${options.id} removes it`,
    });
  }
}

/** Whether the ID is taken, be it by what could not be created wholly. */
export function isThere(options: ContainerOptions): boolean {
  return exists(containerDirectory(options));
}

/** Takes the container's lock, which makes a command alone with it until the descriptor is closed. */
export function lock(options: ContainerOptions): Fd {
  let directory: Fd;
  try {
    const path = containerDirectory(options);
    directory = within(path, () => openPath(path, O_RDONLY | O_DIRECTORY));
  } catch (error) {
    throw failedWith(error, 'ENOENT') ? doesNotExist(options) : aboutRoot(error);
  }
  lockFile(directory.number);
  // Whoever had it before may have deleted the container meanwhile.
  if (statusOf(directory).links > 0) return directory;
  directory.close();
  throw doesNotExist(options);
}

/**
 * Writes down what `create` is about to make, for whoever has to clean up after it if it is killed. Until then the
 * file is incomplete: nothing but the container's directory is there to be cleaned up.
 */
export function announce(options: ContainerOptions, record: ContainerRecord): void {
  writeFile(announcedPath(options), JSON.stringify(record), { mode: 0o600 });
}

/** Notes that this process, for as long as it lives, answers for a filter of the container: `--seccomp-log`. */
export function noteWatch(options: ContainerOptions): void {
  writeFile(watchPath(options), '', { mode: 0o600 });
  shareLock(openPath(watchPath(options), O_RDONLY).release());
}

/** Whether some process does. */
export function hasWatch(options: ContainerOptions): boolean {
  if (!exists(watchPath(options))) return false;
  using file = openPath(watchPath(options), O_RDONLY);
  return isLocked(file.number);
}

/** Makes state.json of it, as a whole: the container is created. */
export function commit(options: ContainerOptions): void {
  rename(announcedPath(options), recordPath(options));
}

/** Puts another record in the place of the present one, at once. */
export function rewrite(options: ContainerOptions, record: ContainerRecord): void {
  const next = join(containerDirectory(options), 'state.json.next');
  writeFile(next, JSON.stringify(record), { mode: 0o600 });
  rename(next, recordPath(options));
}

/** Reads what is known of a container; undefined when there is nothing (yet). */
export function findRecord(options: ContainerOptions): ContainerRecord | undefined {
  const text = readIfThere(recordPath(options));
  if (text !== undefined) return parseRecord(options, text);
  const announced = parseAnnounced(readIfThere(announcedPath(options)));
  if (announced !== undefined) return announced;
  // It may have been committed between the two looks.
  const committed = readIfThere(recordPath(options));
  return committed === undefined ? undefined : parseRecord(options, committed);
}

function parseRecord(options: ContainerOptions, text: string): ContainerRecord {
  try {
    return JSON.parse(text) as ContainerRecord;
  } catch (thrown) {
    throw new RuntimeError(
      `${recordPath(options)} is damaged: ${(thrown as Error).message}`,
      { code: 'STATE_DAMAGED', hint: `end what runs of it, and remove ${containerDirectory(options)}` },
      thrown,
    );
  }
}

/** None when it was cut off in the middle: see announce. */
function parseAnnounced(text: string | undefined): ContainerRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return { ...(JSON.parse(text) as ContainerRecord), creating: true };
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw aboutRoot(error);
  }
}

/** Reads what is known of a container. Throws when there is nothing, or when it is damaged. */
export function readRecord(options: ContainerOptions): ContainerRecord {
  const record = findRecord(options);
  if (record === undefined) throw doesNotExist(options);
  return record;
}

/** The error for an ID that nobody has; engines look for its words. */
export function doesNotExist({ id }: ContainerOptions): RuntimeError {
  return new RuntimeError(`container does not exist: ${id}`, { code: 'NOT_FOUND' });
}

/** The IDs in a store, sorted; undefined when there is no such directory. What begins with `@` is no container. */
export function listIds(root: string): string[] | undefined {
  try {
    return listDirectory(root)
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('@'))
      .sort();
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw aboutRoot(error);
  }
}

/** Removes everything that is kept of a container. */
export function removeRecord(options: ContainerOptions): void {
  try {
    removeTree(containerDirectory(options));
  } catch (error) {
    // Somebody else was faster.
    if (!failedWith(error, 'ENOENT')) throw error;
  }
}

function removeTree(directory: string): void {
  for (const { name, isDirectory } of listDirectory(directory)) {
    const path = join(directory, name);
    if (isDirectory) removeTree(path);
    else removeFile(path);
  }
  removeDirectory(directory);
}
