import type { Document, Mount } from '../config.ts';
import { COVERABLE_IN_PROC } from '../defaults.ts';
import { show } from '../explain.ts';
import { namespaceOf } from '../query.ts';
import { mappingProblems } from './id-mappings.ts';
import { each, hasNul, NUL, type Report, type Rule } from './rule.ts';

/** The absolute form of a destination without `.` and `..`; the specification takes a relative one from `/`. */
function normalize(destination: string): string {
  const parts: string[] = [];
  for (const part of destination.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function destinationProblem({ destination, type }: Mount): string | undefined {
  if (destination === '') return 'must not be empty';
  if (hasNul(destination)) return NUL;
  const path = normalize(destination);
  if (path === '/') return 'must not be the root filesystem itself';
  // CVE-2019-16884: a file system over parts of /proc would hide that security labels are written to it.
  const hidesProc = path.startsWith('/proc/') && type !== 'proc' && !COVERABLE_IN_PROC.includes(path);
  return hidesProc ? `must not be below /proc, found ${show(destination)}` : undefined;
}

function isBind({ type, options = [] }: Mount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

/** Both maps, or none: then those of the container's user namespace. */
function idMap(spec: Document, mount: Mount, index: number, report: Report): void {
  const { options, uidMappings, gidMappings } = mount;
  const field = `mounts[${index}]`;
  if (uidMappings?.length || gidMappings?.length) {
    const needed = 'is missing: the maps of users and groups need each other';
    if (!uidMappings?.length) report(`${field}.uidMappings`, needed);
    else mappingProblems(`${field}.uidMappings`, uidMappings, report);
    if (!gidMappings?.length) report(`${field}.gidMappings`, needed);
    else mappingProblems(`${field}.gidMappings`, gidMappings, report);
    return;
  }
  if (namespaceOf(spec, 'user')) return;
  each(options, (option, position) => {
    if (option === 'idmap' || option === 'ridmap')
      report(`${field}.options[${position}]`, `${option} needs uidMappings, or a user namespace`);
  });
}

function checkMount(mount: Mount, index: number, report: Report): void {
  const { type, source, options } = mount;
  const problem = destinationProblem(mount);
  if (problem) report(`mounts[${index}].destination`, problem);
  if (isBind(mount)) {
    if (!source) report(`mounts[${index}].source`, 'is missing: a bind mount needs it');
  } else if (!type && !options?.includes('remount')) {
    report(`mounts[${index}].type`, 'is missing');
  }
  if (hasNul(type)) report(`mounts[${index}].type`, NUL);
  if (hasNul(source)) report(`mounts[${index}].source`, NUL);
  each(options, (option, position) => {
    if (hasNul(option)) report(`mounts[${index}].options[${position}]`, NUL);
  });
}

function mounts(spec: Document, report: Report): void {
  if (!spec.mounts?.length) return;
  if (!namespaceOf(spec, 'mount')) report('mounts', 'needs a mount namespace');
  each(spec.mounts, (mount, index) => {
    checkMount(mount, index, report);
    idMap(spec, mount, index, report);
  });
}

export const mountRules: readonly Rule[] = [mounts];
