// Runs in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { type FilesystemParameter, MOUNT_ATTR, newMount } from '../linux/mount.ts';
import { O_NOFOLLOW } from '../linux/path.ts';
import { mountIdOf, statusOf } from '../linux/stat.ts';
import { attach } from './attach.ts';
import { bind } from './bind.ts';
import { copyUp } from './copy-up.ts';
import { filesystemParameters } from './filesystem-parameters.ts';
import { withHint } from './hint.ts';
import { labelMqueue } from './mount-label.ts';
import { attributesOf, type MountStep } from './mount-plan.ts';
import { keepMounted, type MountList } from './mounted.ts';
import { remount } from './remount.ts';
import type { OwnPlace } from './resolve.ts';
import { openSource } from './source.ts';
import { openTarget } from './target.ts';

/** What the steps have in common. */
export interface MountContext extends OwnPlace, MountList {
  /** The rootfs, and filesystems in memory. */
  own: Set<bigint>;
  /** linux.mountLabel. */
  label: string | undefined;
  /** Sources that the host has opened, by the step that they are for. */
  opened: ReadonlyMap<MountStep, Fd>;
}

/** Carries out one step that is no cgroup mount. */
export function runMountStep(step: MountStep, context: MountContext): void {
  const from = step.kind === 'bind' ? step.source : step.type;
  const what = step.kind === 'remount' ? 'remount' : `mount ${from} on`;
  within(
    `${step.field}: ${what} ${step.destination}`,
    () => {
      if (step.kind === 'bind') bindStep(step, context);
      else if (step.kind === 'remount') remountStep(step, context);
      else mountFilesystem(step, context);
    },
    { code: 'MOUNT', field: step.field },
  );
}

function bindStep(step: MountStep, context: MountContext): void {
  const { root, opened } = context;
  const mounted = opened.get(step) ?? openSource(step);
  if (bind(root, step, mounted))
    keepMounted(context, { destination: step.destination, mounted, isLate: false });
  else mounted.close();
}

/** Why a filesystem of a namespace may not be mounted by who owns another one. */
const EPERM_HINTS: Record<string, string> = {
  proc:
    'in a user namespace the kernel allows a new procfs only with a new pid namespace, and only while nothing covers ' +
    'a part of the procfs that is visible outside; bind /proc instead, or uncover it',
  sysfs:
    'in a user namespace the kernel allows a new sysfs only with a new network namespace, and only while nothing ' +
    'covers a part of the sysfs that is visible outside; bind /sys instead, or uncover it',
  mqueue:
    'in a user namespace the kernel allows a new mqueue only with a new ipc namespace; bind /dev/mqueue instead',
};
const ANY_EPERM_HINT =
  'the kernel may not allow this filesystem in a user namespace, or without a capability';

function mountFilesystem(step: MountStep, context: MountContext): void {
  const { root, own, label } = context;
  // A symlink in place of /proc or /sys would make every later check of them worthless (CVE-2023-27561).
  const kernelView = step.type === 'proc' || step.type === 'sysfs';
  const { fd, existed } = openTarget(root, step, { directory: true, flags: kernelView ? O_NOFOLLOW : 0 });
  using target = fd;
  const mode = existed && step.type === 'tmpfs' ? modeOf(target, step) : [];
  const all = attributesOf(step);
  const isLate = step.type === 'tmpfs' && (all & MOUNT_ATTR.RDONLY) !== 0;
  const attributes = isLate ? all & ~MOUNT_ATTR.RDONLY : all;
  const mounted = withHint({ EPERM: EPERM_HINTS[step.type] ?? ANY_EPERM_HINT }, () =>
    newMount(step.type, [...filesystemParameters(step, label), ...mode], attributes),
  );
  if (label && step.type === 'mqueue') labelMqueue(mounted, label);
  if (step.copyUp && existed) copyUp(target, mounted, !gives(step, 'uid', 'gid'));
  attach(mounted, target, step);
  if (step.type === 'tmpfs') own.add(mountIdOf(mounted));
  keepMounted(context, { destination: step.destination, mounted, isLate });
}

function remountStep(step: MountStep, context: MountContext): void {
  remount(context, step);
  if (((step.clear | step.recursiveClear) & MOUNT_ATTR.RDONLY) === 0) return;
  // Writable was asked for last.
  const late = context.mounts.find(({ destination, isLate }) => isLate && destination === step.destination);
  if (late !== undefined) late.isLate = false;
}

/** A tmpfs takes over the mode of the directory that it hides, as users of images expect of /tmp. */
function modeOf(target: Fd, step: MountStep): FilesystemParameter[] {
  if (gives(step, 'mode')) return [];
  return [['mode', (statusOf(target).mode & 0o7777).toString(8)]];
}

function gives({ parameters }: MountStep, ...names: string[]): boolean {
  return parameters.some(([name]) => names.includes(name));
}
