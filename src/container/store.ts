import { join } from 'node:path';
import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import {
  listDirectory,
  makeDirectories,
  makeDirectory,
  readFile,
  removeDirectory,
  removeFile,
  rename,
  writeFile,
} from '../linux/file.ts';
import { lockFile } from '../linux/file-lock.ts';
import { failedWith, O_DIRECTORY, O_RDONLY, openPath } from '../linux/path.ts';
import { statusOf } from '../linux/stat.ts';
import type { Spec } from '../spec/config.ts';
import type { ContainerOptions } from './options.ts';

/** state.json: what is known of a container. Keys that others read have the names that they expect. */
export interface ContainerRecord {
  id: string;
  bundle: string;
  rootfs: string;
  /** RFC 3339. */
  created: string;
  /** While `create` is not done: what has been made so far, for whoever has to clean up after it. */
  creating?: true;
  init_process_pid: number;
  /** Clock ticks since boot: a recycled pid is never taken for the container. */
  init_process_start: number;
  cgroup_paths: Readonly<Record<string, string>>;
  namespace_paths: Readonly<Record<string, string>>;
  config: Spec;
}

export const containerDirectory = ({ root, id }: ContainerOptions): string => join(root, id);
export const fifoPath = (options: ContainerOptions): string => join(containerDirectory(options), 'exec.fifo');
const recordPath = (options: ContainerOptions): string => join(containerDirectory(options), 'state.json');

/** Makes the container's directory, which is what claims its ID. */
export function claim(options: ContainerOptions): void {
  makeDirectories(options.root, 0o700);
  try {
    makeDirectory(containerDirectory(options), 0o711);
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
    throw new RuntimeError(`container with given ID already exists: ${options.id}`, {
      code: 'ID_EXISTS',
      hint: `trunc delete ${options.id} removes it`,
    });
  }
}

/** Takes the container's lock, which makes a command alone with it until the descriptor is closed. */
export function lock(options: ContainerOptions): Fd {
  let directory: Fd;
  try {
    directory = openPath(containerDirectory(options), O_RDONLY | O_DIRECTORY);
  } catch {
    throw doesNotExist(options);
  }
  lockFile(directory.number);
  // Whoever had it before may have deleted the container meanwhile.
  if (statusOf(directory).links > 0) return directory;
  directory.close();
  throw doesNotExist(options);
}

/** Writes state.json as a whole or not at all. */
export function writeRecord(options: ContainerOptions, record: ContainerRecord): void {
  const path = recordPath(options);
  writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  rename(`${path}.new`, path);
}

/** Reads state.json; undefined when there is none (yet). */
export function findRecord(options: ContainerOptions): ContainerRecord | undefined {
  let text: string;
  try {
    text = readFile(recordPath(options));
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
  return JSON.parse(text) as ContainerRecord;
}

export function readRecord(options: ContainerOptions): ContainerRecord {
  const record = findRecord(options);
  if (record === undefined) throw doesNotExist(options);
  return record;
}

export function doesNotExist({ id }: ContainerOptions): RuntimeError {
  return new RuntimeError(`container does not exist: ${id}`, { code: 'NOT_FOUND' });
}

/** The IDs in a store, sorted; undefined when there is no such directory. */
export function listIds(root: string): string[] | undefined {
  try {
    return listDirectory(root)
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Removes everything that is kept of a container. */
export function removeRecord(options: ContainerOptions): void {
  const directory = containerDirectory(options);
  for (const { name } of listDirectory(directory)) removeFile(join(directory, name));
  removeDirectory(directory);
}
