// Pure.
import { resolve } from '../posix-path.ts';
import type { Document, IdMapping, Mount } from '../spec/config.ts';
import { hasNew, namespaceOf } from '../spec/query.ts';
import { type MountOptions, mountOptions } from './mount-options.ts';

/** One mount, ready to be carried out. */
export interface MountStep extends MountOptions {
  /** Where in config.json it comes from: `mounts[3]`. */
  field: string;
  kind: 'bind' | 'remount' | 'cgroup' | 'filesystem';
  type: string;
  /** For a bind mount an absolute path on the host. */
  source: string;
  /** Absolute, inside the rootfs. */
  destination: string;
  /** The host opens the source: it alone may, or may map its owners. Its paths are the caller's. */
  fromHost: boolean;
  /** The mapping of `idmap`; undefined where it is that of the container's user namespace. */
  mappings: Mappings | undefined;
}

export interface Mappings {
  uidMappings: readonly IdMapping[];
  gidMappings: readonly IdMapping[];
}

/** mounts[] as an ordered list of steps. `bundle` is what relative bind sources are relative to. */
export function planMounts(spec: Pick<Document, 'linux' | 'mounts'>, bundle: string): MountStep[] {
  // The root of a user namespace cannot open what only the host's may. A mount namespace that is joined has paths of its own.
  const cannotOpen = namespaceOf(spec, 'user') !== undefined && hasNew(spec, 'mount');
  return (spec.mounts ?? []).map((mount, index) => {
    const options = mountOptions(mount.options);
    const kind = kindOf(mount, options);
    const source = mount.source ?? '';
    const mappings = mappingsOf(mount);
    // Mappings without the option ask for it too.
    const idmap = options.idmap || (mappings === undefined ? false : 'idmap');
    return {
      ...options,
      idmap,
      fromHost: kind === 'bind' && (cannotOpen || idmap !== false),
      field: `mounts[${index}]`,
      kind,
      type: mount.type ?? '',
      source: kind === 'bind' ? resolve(bundle, source) : source,
      destination: resolve('/', mount.destination),
      mappings,
    };
  });
}

/** The attributes of a new mount: nothing is below it yet, so what would hold there holds for itself. */
export function attributesOf({ set, recursiveSet, recursiveClear }: MountOptions): number {
  return (set & ~recursiveClear) | recursiveSet;
}

function kindOf(mount: Mount, options: MountOptions): MountStep['kind'] {
  if (options.remount) return 'remount';
  if (options.bind || mount.type === 'bind') return 'bind';
  return mount.type === 'cgroup' || mount.type === 'cgroup2' ? 'cgroup' : 'filesystem';
}

function mappingsOf({ uidMappings = [], gidMappings = [] }: Mount): Mappings | undefined {
  return uidMappings.length > 0 && gidMappings.length > 0 ? { uidMappings, gidMappings } : undefined;
}
