// Runs in the container's namespaces.
import { Fd } from '../linux/fd.ts';
import { reconfigureFilesystem } from '../linux/mount.ts';
import { syscallError } from '../linux/syscall.ts';
import { changeAttributes, changePropagation, refuseParameters } from './attach.ts';
import { withHint } from './hint.ts';
import type { MountStep } from './mount-plan.ts';
import { type MountedPlace, tryOpenMounted } from './mounted.ts';

/**
 * Changes a mount that is there. Its flags are those of this mount alone, with or without "bind": a filesystem that the
 * host uses too must not become read-only everywhere. Options of the filesystem do concern it everywhere.
 */
export function remount(place: MountedPlace, step: MountStep): void {
  const number = tryOpenMounted(place, step.destination);
  if (number < 0) throw syscallError('openat2', -number);
  using target = new Fd(number);
  withHint({ EINVAL: `nothing may be mounted on ${step.destination}` }, () => {
    if (step.bind) refuseParameters(step);
    else if (step.parameters.length > 0 || step.flags.length > 0) {
      reconfigureFilesystem(target, [...step.flags, ...step.parameters]);
    }
    changeAttributes(target, step);
    changePropagation(target, step);
  });
}
