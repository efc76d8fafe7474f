import type { Document, Mount } from '../config.ts';
import { COVERABLE_IN_PROC } from '../defaults.ts';
import { show } from '../explain.ts';
import { hasNew, namespaceOf } from '../query.ts';
import { isMapped, mappingProblems } from './id-mappings.ts';
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

/** Options that make sense with one kind of mount only. */
function optionProblem(option: string, mount: Mount): string | undefined {
  const { type, options = [] } = mount;
  if (option.startsWith('idmap=') || option.startsWith('ridmap=')) {
    return 'must have no maps of its own: they are uidMappings and gidMappings';
  }
  if (option === 'tmpcopyup') return type === 'tmpfs' ? undefined : 'tmpcopyup is for a tmpfs';
  const isForBind =
    option === 'idmap' || option === 'ridmap' || option === 'copy-symlink' || option === 'src-nofollow';
  if (!isForBind || (isBind(mount) && !options.includes('remount'))) return undefined;
  return `${option} is for a bind mount`;
}

/** In a user namespace a filesystem belongs to users and groups of that namespace. */
function ownerProblem(option: string, { linux }: Document): string | undefined {
  const equals = option.indexOf('=');
  const name = option.slice(0, equals);
  if (name !== 'uid' && name !== 'gid') return undefined;
  const id = Number(option.slice(equals + 1));
  const mappings = `${name}Mappings` as const;
  if (!Number.isInteger(id) || isMapped(id, linux?.[mappings])) return undefined;
  return `${option} is not mapped by linux.${mappings}`;
}

function options(spec: Document, mount: Mount, index: number, report: Report): void {
  const isMappedHere = hasNew(spec, 'user');
  each(mount.options, (option, position) => {
    const owner = isMappedHere ? ownerProblem(option, spec) : undefined;
    const problem = hasNul(option) ? NUL : (optionProblem(option, mount) ?? owner);
    if (problem) report(`mounts[${index}].options[${position}]`, problem);
  });
}

/** Both maps, or none: then those of the container's user namespace. */
function idMap(spec: Document, mount: Mount, index: number, report: Report): void {
  const { options, uidMappings, gidMappings } = mount;
  const field = `mounts[${index}]`;
  if (uidMappings?.length && (!isBind(mount) || options?.includes('remount'))) {
    report(`${field}.uidMappings`, 'is for a bind mount');
  }
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

const IS_BIND = 'a bind mount needs the option bind or rbind';

function checkMount(mount: Mount, index: number, report: Report): void {
  const { type, source, options } = mount;
  const isRemount = options?.includes('remount') ?? false;
  const problem = destinationProblem(mount);
  if (problem) report(`mounts[${index}].destination`, problem);
  if (isBind(mount)) {
    if (!source && !isRemount) report(`mounts[${index}].source`, 'is missing: a bind mount needs it');
  } else if (!type && !isRemount) {
    report(`mounts[${index}].type`, `is missing; ${IS_BIND}`);
  } else if (type === 'none' && !isRemount) {
    report(`mounts[${index}].type`, `none is no filesystem; ${IS_BIND}`);
  }
  if (hasNul(type)) report(`mounts[${index}].type`, NUL);
  if (hasNul(source)) report(`mounts[${index}].source`, NUL);
}

function mounts(spec: Document, report: Report): void {
  if (!spec.mounts?.length) return;
  if (!namespaceOf(spec, 'mount')) report('mounts', 'needs a mount namespace');
  each(spec.mounts, (mount, index) => {
    checkMount(mount, index, report);
    options(spec, mount, index, report);
    idMap(spec, mount, index, report);
  });
}

export const mountRules: readonly Rule[] = [mounts];
