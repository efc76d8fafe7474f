// Runs in the container's namespaces.
import { notSupported, RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import {
  attachMount,
  changeMount,
  cloneMount,
  type FilesystemParameter,
  MOUNT_ATTR,
  newMount,
} from '../linux/mount.ts';
import { O_NOFOLLOW, O_PATH, openInRoot } from '../linux/path.ts';
import { isDirectory, isInProc, statusAt, statusOf } from '../linux/stat.ts';
import { COVERABLE_IN_PROC } from '../spec/defaults.ts';
import type { MountStep } from './mount-plan.ts';
import { openDirectory, openFile } from './resolve.ts';

/** Mounts that have to stay writable until the targets of later ones are made in them. */
export type LateReadonly = Fd[];

/** Carries out one step that is no cgroup mount. */
export function runMountStep(root: Fd, step: MountStep, late: LateReadonly): void {
  const from = step.kind === 'bind' ? step.source : step.type;
  const context = `${step.field}: mount ${from} on ${step.destination}`;
  within(
    context,
    () => {
      if (step.kind === 'bind') bind(root, step);
      else if (step.kind === 'remount') remount(root, step);
      else mountFilesystem(root, step, late);
    },
    { field: step.field },
  );
}

function bind(root: Fd, step: MountStep): void {
  if (step.parameters.length > 0) {
    const names = step.parameters.map(([name]) => name).join(', ');
    throw new RuntimeError(`a bind mount takes no filesystem options, found ${names}`, {
      code: 'CONFIG_INVALID',
    });
  }
  const source = within('source', () => statusAt(step.source));
  using target = isDirectory(source)
    ? openDirectory(root, step.destination).fd
    : openFile(root, step.destination);
  using mounted = cloneMount(step.source, step.recursive);
  if (step.set !== 0 || step.clear !== 0) changeMount(mounted, { set: step.set, clear: step.clear });
  attach(mounted, target, step);
}

function mountFilesystem(root: Fd, step: MountStep, late: LateReadonly): void {
  // A symlink in place of /proc or /sys would make every later check of them worthless (CVE-2023-27561).
  const kernelView = step.type === 'proc' || step.type === 'sysfs';
  const { fd, existed } = openDirectory(root, step.destination, kernelView ? O_NOFOLLOW : 0);
  using target = fd;
  const mode = existed && step.type === 'tmpfs' ? modeOf(target, step) : [];
  const source: FilesystemParameter[] = step.source === '' ? [] : [['source', step.source]];
  // A device must not be written to, and may not even be writable: the mount's own attribute comes too late for it.
  const isReadonly = (step.set & MOUNT_ATTR.RDONLY) !== 0;
  const readonly: FilesystemParameter[] = isReadonly && step.source.startsWith('/') ? [['ro']] : [];
  const isLate = isReadonly && step.type === 'tmpfs';
  const attributes = isLate ? step.set & ~MOUNT_ATTR.RDONLY : step.set;
  const mounted = newMount(
    step.type,
    [...source, ...readonly, ...step.flags, ...step.parameters, ...mode],
    attributes,
  );
  attach(mounted, target, step);
  if (isLate) late.push(mounted);
  else mounted.close();
}

/** Puts a detached mount in its place; refuses to hide the kernel's own files. */
export function attach(mounted: Fd, target: Fd, step: MountStep): void {
  if (step.type !== 'proc' && isInProc(target) && !COVERABLE_IN_PROC.includes(step.destination)) {
    throw new RuntimeError('nothing may be mounted inside /proc here', { code: 'MOUNT_IN_PROC' });
  }
  if (step.destination === '/proc' && !isInProc(mounted)) {
    throw new RuntimeError('only procfs may be mounted on /proc', { code: 'MOUNT_IN_PROC' });
  }
  attachMount(mounted, target);
  for (const { flag, recursive } of step.propagation) {
    changeMount(mounted, { set: 0, clear: 0, propagation: flag, recursive });
  }
}

function remount(root: Fd, step: MountStep): void {
  if (step.parameters.length > 0)
    throw notSupported(`${step.field}.options with "remount" and filesystem options`);
  using target = openInRoot(root, step.destination, O_PATH);
  changeMount(target, { set: step.set, clear: step.clear });
}

/** A tmpfs takes over the mode of the directory that it hides, as users of images expect of /tmp. */
function modeOf(target: Fd, step: MountStep): FilesystemParameter[] {
  if (step.parameters.some(([name]) => name === 'mode')) return [];
  return [['mode', (statusOf(target).mode & 0o7777).toString(8)]];
}
