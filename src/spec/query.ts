import { resolve } from '../posix-path.ts';
import type { Document, Hooks, Namespace, NamespaceType, Spec } from './config.ts';
import type { ExactSeccomp } from './exact.ts';

/**
 * The entry of linux.namespaces of this type: without a path (an empty one counts as none) it asks for a new
 * namespace, with a path to join that one. Undefined: the container stays in the namespace of its caller.
 */
export function namespaceOf(spec: Pick<Document, 'linux'>, type: NamespaceType): Namespace | undefined {
  for (const namespace of spec.linux?.namespaces ?? []) {
    if (namespace.type === type) return namespace;
  }
  return undefined;
}

/** Whether the container gets a new namespace of this type. */
export function hasNew(spec: Pick<Document, 'linux'>, type: NamespaceType): boolean {
  const namespace = namespaceOf(spec, type);
  return namespace !== undefined && !namespace.path;
}

/**
 * Whether the container's user is to own its cgroup: in a new cgroup namespace, with the cgroup filesystem mounted to be
 * written to. Source: runtime-spec, "Cgroup ownership".
 */
export function delegatesCgroup(spec: Pick<Document, 'linux' | 'mounts'>): boolean {
  if (!hasNew(spec, 'cgroup')) return false;
  for (const { source, destination, options = [] } of spec.mounts ?? []) {
    if (source === 'cgroup' && destination === '/sys/fs/cgroup' && !options.includes('ro')) return true;
  }
  return false;
}

/** Whether there are linux.netDevices. */
export function hasNetDevices({ linux }: Pick<Document, 'linux'>): boolean {
  return Object.keys(linux?.netDevices ?? {}).length > 0;
}

/** Whether there are hooks of one of these kinds. */
export function hasHooks({ hooks }: Pick<Document, 'hooks'>, ...kinds: readonly (keyof Hooks)[]): boolean {
  if (hooks === undefined) return false;
  for (const kind of kinds) if (hooks[kind]?.length) return true;
  return false;
}

/** Whether there are system calls that whoever listens at linux.seccomp.listenerPath decides about. */
export function notifies(seccomp: Pick<ExactSeccomp, 'defaultAction' | 'syscalls'> | undefined): boolean {
  if (seccomp === undefined) return false;
  if (seccomp.defaultAction === 'SCMP_ACT_NOTIFY') return true;
  for (const { action } of seccomp.syscalls ?? []) if (action === 'SCMP_ACT_NOTIFY') return true;
  return false;
}

/** Whether whoever lets the program run waits until it does: for these hooks, or a listener of its filter. */
export function isWatched(spec: Pick<Document, 'hooks'>, hasListener: boolean): boolean {
  return hasListener || hasHooks(spec, 'startContainer', 'poststart');
}

/** The absolute path of the root filesystem; `bundle` is absolute. */
export function rootfsPath(spec: Pick<Spec, 'root'>, bundle: string): string {
  return resolve(bundle, spec.root.path);
}
