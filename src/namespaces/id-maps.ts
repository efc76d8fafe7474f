// Runs on the host.
import { RuntimeError, within } from '../errors.ts';
import { readFile, writeExisting } from '../linux/file.ts';
import type { IdMapping, Linux } from '../spec/config.ts';

const SMALLEST_PAGE = 4096;

/** The kernel's text of a mapping: one line for each range. Source: user_namespaces(7). */
export function mappingText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/** Writes the uid and gid maps of a process in a new user namespace, each in one write as the kernel demands. */
export function writeIdMaps(pid: number, { uidMappings = [], gidMappings = [] }: Linux): void {
  writeIdMap(`/proc/${pid}/gid_map`, 'linux.gidMappings', gidMappings);
  writeIdMap(`/proc/${pid}/uid_map`, 'linux.uidMappings', uidMappings);
}

function writeIdMap(path: string, field: string, mappings: readonly IdMapping[]): void {
  const text = mappingText(mappings);
  const hint = text.length < SMALLEST_PAGE ? undefined : 'its text must be shorter than a page: join ranges';
  within(`${field}: write the map`, () => writeExisting(path, text), { code: 'ID_MAP', field, hint });
}

/** Refuses mappings that are not those of the user namespace that a process has joined. */
export function checkIdMaps(pid: number, { uidMappings = [], gidMappings = [] }: Linux): void {
  checkIdMap(`/proc/${pid}/uid_map`, 'linux.uidMappings', uidMappings);
  checkIdMap(`/proc/${pid}/gid_map`, 'linux.gidMappings', gidMappings);
}

function checkIdMap(path: string, field: string, mappings: readonly IdMapping[]): void {
  if (mappings.length === 0) return;
  const found = parseMappings(within(field, () => readFile(path), { code: 'ID_MAP', field }));
  const sorted = (list: readonly IdMapping[]): string =>
    mappingText([...list].sort((a, b) => a.containerID - b.containerID));
  if (sorted(found) === sorted(mappings)) return;
  const actual = mappingText(found).trim().replaceAll('\n', ', ');
  throw new RuntimeError(`${field}: the user namespace that is joined has other mappings: ${actual}`, {
    code: 'CONFIG_INVALID',
    field,
    hint: 'leave them out, or copy them',
  });
}

/** The inverse of mappingText, from the kernel's columns. */
export function parseMappings(text: string): IdMapping[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/ +/).map(Number);
      return { containerID, hostID, size };
    });
}

/** The host's id for an id of the container; undefined when it is not mapped. */
export function hostId(mappings: readonly IdMapping[] | undefined, id: number): number | undefined {
  if (mappings === undefined || mappings.length === 0) return id;
  const range = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range === undefined ? undefined : range.hostID + id - range.containerID;
}
