import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change, Mount } from './bundle.ts';
import { newId, temp } from './sandbox.ts';

/**
 * A wrapper (RunOptions) that runs the runtime in a mount namespace of its own, after a shell script; `"$@"` is the
 * runtime in a script that runs it itself.
 */
export function inMounts(script: string, propagation = 'private'): string[] {
  const whole = script.includes('"$@"') ? script : `set -e; ${script}; exec "$@"`;
  // First of all private: mounts that are shared with the host would appear there.
  return ['unshare', '-m', 'sh', '-c', `mount --make-r${propagation} / && { ${whole}; }`, 'sh'];
}

/** A Change: more mounts. */
export const mount =
  (...mounts: Mount[]): Change =>
  (config) =>
    void config.mounts.push(...mounts);

/** Several changes, one after the other. */
export const all =
  (...changes: Change[]): Change =>
  (config) => {
    for (const change of changes) change(config);
  };

/** Shell: the mountinfo line of a mount point: options, propagation, type, source, options of the file system. */
export const info = (point: string) => `grep " ${point} " /proc/self/mountinfo | tail -n 1 | cut -d" " -f6-`;

/** A new directory of the host with one file in it. */
export function hostDir(): string {
  const dir = join(temp, newId());
  mkdirSync(dir);
  writeFileSync(join(dir, 'file'), 'from the host\n');
  return dir;
}
