import type { Fd } from '../../linux/fd.ts';
import { detachMount, MS_BIND, MS_REC, mount } from '../../linux/mount.ts';
import { O_DIRECTORY, O_PATH, openPath } from '../../linux/path.ts';
import { bind } from '../../rootfs/bind.ts';
import type { MountStep } from '../../rootfs/mount-plan.ts';
import { openRootfs } from '../../rootfs/pivot.ts';
import { openSource } from '../../rootfs/source.ts';
import { openTarget } from '../../rootfs/target.ts';

/**
 * Mounts the rootfs at `place` in the calling thread's mount namespace: criu wants the root to be a mount of its own. What is
 * missing of the places where criu will mount is made in it, as `create` does.
 */
export function mountRootForCriu(rootfs: string, place: string, steps: readonly MountStep[]): void {
  using opened = openRootfs(rootfs);
  const source = `/proc/self/fd/${opened.number}`;
  mount(source, place, MS_BIND | MS_REC);
  makeMountPoints(place, steps);
  // With the mounts that later ones lie in. criu makes its own.
  detachMount(place);
  mount(source, place, MS_BIND | MS_REC);
}

function makeMountPoints(place: string, steps: readonly MountStep[]): void {
  using root = openPath(place, O_PATH | O_DIRECTORY);
  const filesystems: string[] = [];
  for (const step of steps) {
    const { kind, destination } = step;
    // criu brings them with the filesystem that they lie in.
    if (filesystems.some((path) => destination.startsWith(`${path}/`))) continue;
    if (kind === 'bind') bindForCriu(root, step);
    else if (kind !== 'remount') {
      makeTarget(root, step);
      filesystems.push(destination);
    }
  }
}

function bindForCriu(root: Fd, step: MountStep): void {
  using mounted = openSource(step);
  bind(root, step, mounted);
}

function makeTarget(root: Fd, step: MountStep): void {
  openTarget(root, step, { directory: true }).fd.close();
}
