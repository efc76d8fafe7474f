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

/** The same without what is below, and without what others change all the time: for directories like the host's /dev. */
export function entries(directory: string): string[] {
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const { mode, uid, gid, rdev, ino } = lstatSync(join(directory, name));
      return [name, mode.toString(8), uid, gid, rdev, ino].join(' ');
    });
}
