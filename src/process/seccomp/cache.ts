// Runs on the host.
import { hashText } from '../../engine.ts';
import { effectiveUser } from '../../linux/credentials.ts';
import { listDirectory, makeDirectories, readAll, removeFile, rename, writeFile } from '../../linux/file.ts';
import { failedWith, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, openPath } from '../../linux/path.ts';
import { FILE_KIND, type FileStatus, kindOf, statusOf, versionOfFile } from '../../linux/stat.ts';
import { log } from '../../log.ts';

/*
 * libseccomp takes longer to compile a profile than a container takes to start, and engines give all containers the
 * same one: so programs are kept. One is used again only for exactly the same profile, kernel and library.
 */

/** Changes with what is made of a profile. */
const FORMAT = 2;
const MAX_ENTRIES = 64;
const MAX_SIZE = 1 << 20;

/** What a program is made from: the whole profile as text, and the kernel's release, which libseccomp considers. */
export interface CacheKey {
  profile: string;
  kernel: string;
}

export interface Compiled {
  /** In Base64. */
  program: string;
  /** The path of the library that has made it. */
  library: string;
}

interface Entry extends CacheKey, Compiled {
  format: number;
  /** See versionOfFile. */
  libraryVersion: string;
}

/** The program that was kept for a key, or what `compile` makes, which is then kept in `directory`. */
export function cached(directory: string, key: CacheKey, compile: () => Compiled): string {
  // Two profiles of the same name would replace each other, no more.
  const path = `${directory}/${hashText(key.profile)}`;
  const isTrusted = trust(directory);
  const found = isTrusted ? read(path) : undefined;
  if (found !== undefined && isCurrent(found, key)) return found.program;
  const compiled = compile();
  if (isTrusted) keep(directory, path, { ...key, ...compiled });
  return compiled.program;
}

function isCurrent(entry: Entry, { profile, kernel }: CacheKey): boolean {
  if (entry.format !== FORMAT || entry.profile !== profile || entry.kernel !== kernel) return false;
  try {
    return versionOfFile(entry.library) === entry.libraryVersion;
  } catch {
    return false;
  }
}

/** Whether nobody else can put something in the directory, which need not be there. */
function trust(directory: string): boolean {
  try {
    using handle = openPath(directory, O_DIRECTORY | O_NOFOLLOW);
    return isOurs(statusOf(handle), FILE_KIND.directory);
  } catch (error) {
    return failedWith(error, 'ENOENT') || noUse(directory, error);
  }
}

const isOurs = (status: FileStatus, kind: number): boolean =>
  kindOf(status) === kind && status.uid === effectiveUser() && (status.mode & 0o077) === 0;

function read(path: string): Entry | undefined {
  try {
    using file = openPath(path, O_NOFOLLOW | O_NONBLOCK);
    const status = statusOf(file);
    const good = isOurs(status, FILE_KIND.regular) && status.size <= MAX_SIZE;
    return good ? (JSON.parse(readAll(file)) as Entry) : undefined;
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) noUse(path, error);
    return undefined;
  }
}

/** As a whole or not at all. A slow start is no reason to fail. */
function keep(directory: string, path: string, compiled: CacheKey & Compiled): void {
  const next = `${path}.${process.pid}`;
  try {
    makeDirectories(directory, 0o700);
    const names = listDirectory(directory).map(({ name }) => name);
    // Who has so many profiles makes new ones all the time.
    if (names.length >= MAX_ENTRIES) for (const name of names) removeFile(`${directory}/${name}`);
    const libraryVersion = versionOfFile(compiled.library);
    const entry: Entry = { format: FORMAT, libraryVersion, ...compiled };
    writeFile(next, JSON.stringify(entry), { mode: 0o600 });
    rename(next, path);
  } catch (error) {
    noUse(path, error);
  }
}

function noUse(path: string, error: unknown): false {
  log.debug(`linux.seccomp: the cache ${path} is of no use: ${(error as Error).message}`);
  return false;
}
