// Runs on the host.
import { within } from '../errors.ts';
import { writeExisting } from '../linux/file.ts';
import type { IdMapping, Linux } from '../spec/config.ts';

/** The kernel's text of a mapping: one line for each range. Source: user_namespaces(7). */
export function mappingText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/** Writes the uid and gid maps of a process in a new user namespace, each in one write as the kernel demands. */
export function writeIdMaps(pid: number, { uidMappings = [], gidMappings = [] }: Linux): void {
  within(
    'linux.gidMappings: write the map',
    () => writeExisting(`/proc/${pid}/gid_map`, mappingText(gidMappings)),
    { field: 'linux.gidMappings' },
  );
  within(
    'linux.uidMappings: write the map',
    () => writeExisting(`/proc/${pid}/uid_map`, mappingText(uidMappings)),
    { field: 'linux.uidMappings' },
  );
}

/** The host's id for an id of the container; undefined when it is not mapped. */
export function hostId(mappings: readonly IdMapping[] | undefined, id: number): number | undefined {
  if (mappings === undefined || mappings.length === 0) return id;
  const range = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range === undefined ? undefined : range.hostID + id - range.containerID;
}
