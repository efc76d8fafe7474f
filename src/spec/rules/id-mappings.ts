import type { Document, IdMapping } from '../config.ts';
import { hasNew, namespaceOf } from '../query.ts';
import { each, type Report, type Rule } from './rule.ts';

type Mappings = readonly IdMapping[] | undefined;
type Side = 'containerID' | 'hostID';

// Since Linux 4.15; user_namespaces(7).
const MAX_MAPPINGS = 340;
// The id 4294967295 is -1, which system calls take for "leave as it is".
const END_OF_IDS = 2 ** 32 - 1;

function overlap(a: IdMapping, b: IdMapping, side: Side): boolean {
  return a[side] < b[side] + b.size && b[side] < a[side] + a.size;
}

/** Reports what the kernel would not take as the map of a user namespace. */
export function mappingProblems(field: string, mappings: readonly IdMapping[], report: Report): void {
  if (mappings.length > MAX_MAPPINGS) report(field, `must have at most ${MAX_MAPPINGS} entries`);
  else ranges(field, mappings, report);
}

function ranges(field: string, mappings: readonly IdMapping[], report: Report): void {
  each(mappings, (mapping, index) => {
    const { containerID, hostID, size } = mapping;
    if (Math.max(containerID, hostID) + size > END_OF_IDS) {
      report(`${field}[${index}].size`, `must end at or before the id ${END_OF_IDS - 1}`);
    }
    for (const side of ['containerID', 'hostID'] as const) {
      let other = 0;
      while (other < index && !overlap(mapping, mappings[other] as IdMapping, side)) other++;
      if (other < index) report(`${field}[${index}].${side}`, `overlaps with ${field}[${other}]`);
    }
  });
}

function mappings(spec: Document, report: Report): void {
  for (const field of ['uidMappings', 'gidMappings'] as const) {
    const mappings = spec.linux?.[field];
    const path = `linux.${field}`;
    if (!mappings?.length) {
      if (hasNew(spec, 'user')) report(path, 'is missing: a new user namespace needs it');
    } else if (!namespaceOf(spec, 'user')) {
      report(path, 'needs a user namespace');
    } else {
      mappingProblems(path, mappings, report);
    }
  }
}

/** Whether an id of the container is one of the host. */
export function isMapped(id: number, mappings: Mappings = []): boolean {
  for (const { containerID, size } of mappings) {
    if (id >= containerID && id < containerID + size) return true;
  }
  return false;
}

/** In a new user namespace every id that the process takes needs a mapping. */
function user(spec: Document, report: Report): void {
  if (!hasNew(spec, 'user')) return;
  const { uidMappings, gidMappings } = spec.linux ?? {};
  const { uid = 0, gid = 0, additionalGids } = spec.process?.user ?? {};
  const message = (id: number, mappings: string): string => `${id} is not mapped by linux.${mappings}`;
  if (!isMapped(uid, uidMappings)) report('process.user.uid', message(uid, 'uidMappings'));
  if (!isMapped(gid, gidMappings)) report('process.user.gid', message(gid, 'gidMappings'));
  each(additionalGids, (id, index) => {
    if (!isMapped(id, gidMappings))
      report(`process.user.additionalGids[${index}]`, message(id, 'gidMappings'));
  });
}

export const idMappingRules: readonly Rule[] = [mappings, user];
