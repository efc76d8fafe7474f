import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** All that there is to see of a file, but for when it was read last. */
function lineOf(path: string, name: string): string {
  const status = lstatSync(path, { bigint: true });
  const { mode, uid, gid, nlink, ino, rdev, size, mtimeNs, ctimeNs } = status;
  const numbers = [mode.toString(8), uid, gid, nlink, ino, rdev, size, mtimeNs, ctimeNs];
  return `${name} ${numbers.join(' ')} ${contentsOf(path, status)}`;
}

function contentsOf(path: string, status: BigIntStats): string {
  if (status.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return status.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
}

/** A directory and everything below it: a line for each file with its type, mode, owner, times, numbers and a hash. */
export function listing(directory: string, name = '.'): string[] {
  const entries = readdirSync(join(directory, name), { withFileTypes: true });
  const below = entries.map((entry) => {
    const path = join(name, entry.name);
    return entry.isDirectory() ? listing(directory, path) : [lineOf(join(directory, path), path)];
  });
  return [lineOf(join(directory, name), name), ...below.flat()];
}

/** What runtimes make in a /dev by themselves, and what tests have them make there. */
const MADE_IN_DEV =
  'null zero full random urandom tty ptmx pts fd stdin stdout stderr core console shm mqueue net fuse own new made';

/** Those files of the host's /dev, without what is below and what others change. All else there comes and goes by itself. */
export function hostDevices(): string[] {
  const names = readdirSync('/dev').filter((name) => MADE_IN_DEV.split(' ').includes(name));
  return names.sort().map((name) => {
    const { mode, uid, gid, rdev, ino } = lstatSync(join('/dev', name));
    return [name, mode.toString(8), uid, gid, rdev, ino].join(' ');
  });
}
