// Runs in the container's namespaces.
import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { attachMount, changeMount } from '../linux/mount.ts';
import { isInProc, statusOf } from '../linux/stat.ts';
import { COVERABLE_IN_PROC } from '../spec/defaults.ts';
import { withHint } from './hint.ts';
import type { MountStep } from './mount-plan.ts';

const LOCKED =
  'a flag that an option would clear may be locked, as those of mounts are that come from another user namespace: ' +
  'leave the option out';

/** Sets and clears what the options say, of the mount and then of all below it. Flags that they do not name stay. */
export function changeAttributes(mounted: Fd, step: MountStep): void {
  const { set, clear, recursiveSet, recursiveClear } = step;
  withHint({ EPERM: LOCKED }, () => {
    if (set !== 0 || clear !== 0) changeMount(mounted, { set, clear });
    if (recursiveSet === 0 && recursiveClear === 0) return;
    changeMount(mounted, { set: recursiveSet, clear: recursiveClear, recursive: true });
  });
}

/** The filesystem of a bind mount is mounted already. */
export function refuseParameters({ parameters }: MountStep): void {
  if (parameters.length === 0) return;
  const names = parameters.map(([name]) => name).join(', ');
  throw new RuntimeError(`a bind mount takes no filesystem options, found ${names}`, {
    code: 'CONFIG_INVALID',
  });
}

/** Puts a detached mount in its place; refuses to hide the kernel's own files. */
export function attach(mounted: Fd, target: Fd, step: MountStep): void {
  if (step.type !== 'proc' && isInProc(target) && !COVERABLE_IN_PROC.includes(step.destination)) {
    throw new RuntimeError('nothing may be mounted inside /proc here', { code: 'MOUNT_IN_PROC' });
  }
  if (step.destination === '/proc' && !isProcRoot(mounted)) {
    throw new RuntimeError('only procfs may be mounted on /proc', { code: 'MOUNT_IN_PROC' });
  }
  attachMount(mounted, target);
  changePropagation(mounted, step);
}

const PROC_ROOT_INODE = 1;

/** A directory inside of a procfs would mislead later checks as much as one outside. */
function isProcRoot(mounted: Fd): boolean {
  return isInProc(mounted) && statusOf(mounted).inode === PROC_ROOT_INODE;
}

/** Who hears of what is mounted there: applied when the mount is in its place, one option after the other. */
export function changePropagation(mounted: Fd, { propagation }: MountStep): void {
  for (const { flag, recursive } of propagation) {
    changeMount(mounted, { set: 0, clear: 0, propagation: flag, recursive });
  }
}
