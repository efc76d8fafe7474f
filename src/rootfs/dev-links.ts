// Runs in the container's namespaces.
import type { Fd } from '../linux/fd.ts';
import { exists } from '../linux/file.ts';
import { failedWith, makeLinkAt, removeAt } from '../linux/path.ts';
import { entryStatus, isDirectory } from '../linux/stat.ts';
import { type OwnPlace, openOwnDirectory } from './resolve.ts';

/** Source: runtime-spec, config-linux.md "Default Devices" and runtime-linux.md "Dev symbolic links". */
const links: readonly [name: string, target: string][] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
];

/** Makes the links below /dev, after the mounts. */
export function makeDevLinks(place: OwnPlace): void {
  using dev = openOwnDirectory(place, '/dev');
  const all = exists('/proc/kcore') ? [...links, ['core', '/proc/kcore'] as const] : links;
  for (const [name, target] of all) link(dev, name, target);
  // A node of that name would belong to the host's devpts, not to the container's.
  replaceByLink(dev, 'ptmx', 'pts/ptmx');
}

function link(dev: Fd, name: string, target: string): boolean {
  try {
    makeLinkAt(dev, name, target);
    return true;
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return false;
    throw error;
  }
}

function replaceByLink(dev: Fd, name: string, target: string): void {
  if (link(dev, name, target) || isDirectory(entryStatus(dev, name))) return;
  removeAt(dev, name);
  makeLinkAt(dev, name, target);
}
