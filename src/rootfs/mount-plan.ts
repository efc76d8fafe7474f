// Pure.
import { resolve } from 'node:path';
import type { Mount } from '../spec/config.ts';
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
}

/** mounts[] as an ordered list of steps. `bundle` is what relative bind sources are relative to. */
export function planMounts(mounts: readonly Mount[] = [], bundle: string): MountStep[] {
  return mounts.map((mount, index) => {
    const options = mountOptions(mount.options);
    const kind = kindOf(mount, options);
    const source = mount.source ?? '';
    return {
      ...options,
      field: `mounts[${index}]`,
      kind,
      type: mount.type ?? '',
      source: kind === 'bind' ? resolve(bundle, source) : source,
      destination: resolve('/', mount.destination),
    };
  });
}

function kindOf(mount: Mount, options: MountOptions): MountStep['kind'] {
  if (options.remount) return 'remount';
  if (options.bind || mount.type === 'bind') return 'bind';
  return mount.type === 'cgroup' || mount.type === 'cgroup2' ? 'cgroup' : 'filesystem';
}
