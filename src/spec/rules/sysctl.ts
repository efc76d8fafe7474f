import type { Document, NamespaceType } from '../config.ts';
import { child } from '../explain.ts';
import { namespaceOf } from '../query.ts';
import { sysctlPath } from '../sysctl-path.ts';
import { hasNul, NUL, type Report, type Rule } from './rule.ts';

/** Which namespace holds a sysctl. Everything else belongs to the whole machine. */
const NAMESPACED: readonly [prefix: string, type: NamespaceType][] = [
  ['net/', 'network'],
  ['kernel/msg', 'ipc'],
  ['kernel/sem', 'ipc'],
  ['kernel/shm', 'ipc'],
  ['fs/mqueue/', 'ipc'],
  ['user/', 'user'],
  ['kernel/domainname', 'uts'],
];

/** The type of the namespace that a sysctl belongs to, by its path below /proc/sys; undefined: the machine's. */
export function namespaceTypeOf(path: string): NamespaceType | undefined {
  const parts = path.split('/');
  if (parts.includes('..') || parts.includes('.') || parts.includes('')) return undefined;
  for (const [prefix, type] of NAMESPACED) {
    if (path.startsWith(prefix)) return type;
  }
  return undefined;
}

function problemOf(name: string, value: string, spec: Document): string | undefined {
  const path = sysctlPath(name);
  if (path === 'kernel/hostname') return 'must be set with hostname';
  const type = namespaceTypeOf(path);
  if (type === undefined) return 'is not namespaced: it would change the host';
  if (!namespaceOf(spec, type)) return `needs a ${type} namespace`;
  return hasNul(name) || hasNul(value) ? NUL : undefined;
}

function sysctl(spec: Document, report: Report): void {
  const values = spec.linux?.sysctl ?? {};
  const seen: string[] = [];
  for (const name of Object.keys(values)) {
    const problem = problemOf(name, values[name] as string, spec);
    if (problem) report(child('linux.sysctl', name), problem);
    const path = sysctlPath(name);
    if (seen.includes(path)) report(child('linux.sysctl', name), 'is there twice, in both spellings');
    seen.push(path);
  }
}

export const sysctlRules: readonly Rule[] = [sysctl];
