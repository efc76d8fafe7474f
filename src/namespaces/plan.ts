// Pure.
import type { NamespaceKind } from '../linux/namespace.ts';
import type { Namespace } from '../spec/config.ts';

/** linux.namespaces, sorted by who makes or joins them. */
export interface NamespacePlan {
  /** Made together with init. */
  fresh: NamespaceKind[];
  /** Joined before init's program starts. */
  join: { kind: NamespaceKind; path: string }[];
  /** Joined by init itself: the engine is on the host's files, and the cgroup must be joined first. */
  joinMount: string | undefined;
  joinCgroup: string | undefined;
}

const kinds: Record<Namespace['type'], NamespaceKind> = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
  time: 'time',
};

/** The kernel's name of a type. */
export function namespaceKind(type: Namespace['type']): NamespaceKind {
  return kinds[type];
}

/** The types that linux.namespaces may have. */
export function namespaceTypes(): Namespace['type'][] {
  return Object.keys(kinds) as Namespace['type'][];
}

/** linux.namespaces as what init is started in, and what it joins by itself. */
export function planNamespaces(namespaces: readonly Namespace[] = []): NamespacePlan {
  const plan: NamespacePlan = {
    fresh: [],
    join: [],
    joinMount: undefined,
    joinCgroup: undefined,
  };
  for (const { type, path } of namespaces) {
    const kind = kinds[type];
    if (kind === 'cgroup' && path) plan.joinCgroup = path;
    // A new one has its root where the process is: init makes it once it is in the container's cgroup.
    else if (kind === 'cgroup') continue;
    else if (kind === 'mnt' && path) plan.joinMount = path;
    else if (path) plan.join.push({ kind, path });
    else plan.fresh.push(kind);
  }
  return plan;
}

/**
 * Whether it is those of a container that is there, in the user namespace of its caller. An init that others see there before it
 * has its mounts would have the host's, for whoever may trace it.
 */
export function joinsAll({ fresh, join, joinMount }: NamespacePlan): boolean {
  const joins = (wanted: NamespaceKind) => join.some(({ kind }) => kind === wanted);
  return fresh.length === 0 && joinMount !== undefined && joins('pid') && !joins('user');
}

/** The same, with the mount namespace joined together with the other ones, last. */
export function withMount(plan: NamespacePlan): NamespacePlan {
  if (plan.joinMount === undefined) return plan;
  return { ...plan, join: [...plan.join, { kind: 'mnt', path: plan.joinMount }], joinMount: undefined };
}
