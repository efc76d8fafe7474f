// Runs on the host.
import { RuntimeError, within } from '../errors.ts';
import { effectiveGroup, effectiveUser } from '../linux/credentials.ts';
import { readFile, writeExisting } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import type { IdMapping, Linux } from '../spec/config.ts';
import { type IdKind, type IdMap, runMapHelper } from './map-helper.ts';

const SMALLEST_PAGE = 4096;

/** The kernel's text of a mapping: one line for each range. Source: user_namespaces(7). */
export function mappingText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/** Writes the uid and gid maps of a process in a new user namespace, each in one write as the kernel demands. */
export function writeIdMaps(
  pid: number,
  { uidMappings = [], gidMappings = [] }: Linux,
  searchPath: string,
): void {
  writeIdMap({ pid, kind: 'gid', mappings: gidMappings, searchPath });
  writeIdMap({ pid, kind: 'uid', mappings: uidMappings, searchPath });
}

function writeIdMap(map: IdMap): void {
  const { pid, kind, mappings } = map;
  const text = mappingText(mappings);
  const hint = text.length < SMALLEST_PAGE ? undefined : 'its text must be shorter than a page: join ranges';
  const field = `linux.${kind}Mappings`;
  const write = () => writeExisting(`/proc/${pid}/${kind}_map`, text);
  within(
    `${field}: write the map`,
    () => {
      try {
        write();
      } catch (error) {
        if (!failedWith(error, 'EPERM')) throw error;
        if (!isOwnId(kind, mappings)) return runMapHelper(map);
        // Without privileges its group may be mapped only if no group can be given up: some deny access. user_namespaces(7).
        if (kind === 'gid') writeExisting(`/proc/${pid}/setgroups`, 'deny');
        write();
      }
    },
    { code: 'ID_MAP', field, hint },
  );
}

/** What every user may map, to whatever id. */
function isOwnId(kind: IdKind, mappings: readonly IdMapping[]): boolean {
  const own = kind === 'uid' ? effectiveUser() : effectiveGroup();
  const [{ hostID, size } = { hostID: -1, size: 0 }] = mappings;
  return mappings.length === 1 && size === 1 && hostID === own;
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
