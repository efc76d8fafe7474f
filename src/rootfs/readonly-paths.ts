// Runs in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { attachMount, changeMount, cloneMountOf, MOUNT_ATTR } from '../linux/mount.ts';
import { openIfThere } from './masked-paths.ts';
import type { MountedPlace } from './mounted.ts';

/** Makes linux.readonlyPaths read-only: each is bound over itself, with what is mounted below it. */
export function makePathsReadonly(place: MountedPlace, paths: readonly string[]): void {
  paths.forEach((path, index) => {
    const field = `linux.readonlyPaths[${index}]`;
    within(
      `${field}: make ${path} read-only`,
      () => {
        using target = openIfThere(place, path);
        if (target === undefined) return;
        using copy = cloneMountOf(target, true);
        changeMount(copy, { set: MOUNT_ATTR.RDONLY, clear: 0 });
        attachMount(copy, target);
      },
      { code: 'READONLY_PATH', field },
    );
  });
}

/** Makes a mount read-only in place: the rootfs itself, or one that had to stay writable for a while. */
export function makeReadonly(mounted: Fd): void {
  changeMount(mounted, { set: MOUNT_ATTR.RDONLY, clear: 0 });
}
