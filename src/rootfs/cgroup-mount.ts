// Runs in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { attachMount, changeMount, cloneMount, MOUNT_ATTR, newMount } from '../linux/mount.ts';
import { failedWith, makeDirectoryAt, makeLinkAt, O_DIRECTORY, O_PATH, openInRoot } from '../linux/path.ts';
import { attach } from './mount.ts';
import type { MountStep } from './mount-plan.ts';
import { openDirectory } from './resolve.ts';

/** The hierarchies that the process is in, and where. */
export interface CgroupView {
  /** Line by line /proc/self/cgroup: ['cpu', 'cpuacct'], ['name=systemd'], [] for cgroup v2. */
  hierarchies: readonly (readonly string[])[];
  /** The container's own directories on the host, by controller, '' for cgroup v2. */
  paths: Readonly<Record<string, string>>;
  /** Whether the container has a cgroup namespace, so that a mount shows its own part only. */
  hasNamespace: boolean;
}

/** Parses the text of /proc/self/cgroup. */
export function parseHierarchies(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.split(':')[1] ?? '').split(',').filter((name) => name !== ''));
}

/** Mounts what "cgroup" means here: cgroup2, or a directory with a mount for each hierarchy of v1. */
export function mountCgroup(root: Fd, step: MountStep, view: CgroupView): void {
  within(
    `${step.field}: mount cgroup on ${step.destination}`,
    () => {
      using target = openDirectory(root, step.destination).fd;
      const unified = view.hierarchies.every((controllers) => controllers.length === 0);
      if (unified) {
        using mounted = hierarchyMount([], step, view);
        attach(mounted, target, step);
      } else {
        mountLegacy(root, target, step, view);
      }
    },
    { field: step.field },
  );
}

/** The detached mount of one hierarchy, as the container may see it. */
function hierarchyMount(controllers: readonly string[], step: MountStep, view: CgroupView): Fd {
  const own = view.paths[controllers[0] ?? ''];
  if (!view.hasNamespace && own !== undefined) return ownDirectory(own, step);
  try {
    const name = controllers.map((controller): [string, string?] => {
      const [key, value] = controller.split('=');
      return value === undefined ? [controller] : [key as string, value];
    });
    return controllers.length === 0 ? newMount('cgroup2', [], step.set) : newMount('cgroup', name, step.set);
  } catch (error) {
    // In a user namespace without a cgroup namespace of its own the kernel refuses; a bind is as good.
    if (failedWith(error, 'EPERM', 'EBUSY') && own !== undefined) return ownDirectory(own, step);
    throw error;
  }
}

function ownDirectory(path: string, step: MountStep): Fd {
  const mounted = cloneMount(path, false);
  changeMount(mounted, { set: step.set, clear: 0 });
  return mounted;
}

function mountLegacy(root: Fd, target: Fd, step: MountStep, view: CgroupView): void {
  using base = newMount(
    'tmpfs',
    [
      ['source', 'cgroup'],
      ['mode', '755'],
    ],
    step.set & ~MOUNT_ATTR.RDONLY,
  );
  attach(base, target, step);
  using directory = openInRoot(root, step.destination, O_PATH | O_DIRECTORY);
  for (const controllers of view.hierarchies) {
    const name = controllers.length === 0 ? 'unified' : controllers.join(',').replace(/^name=/, '');
    const known = view.paths[controllers[0] ?? ''] !== undefined;
    // What the host has not mounted, the container's cgroup is not in.
    if (!known) continue;
    makeDirectoryAt(directory, name, 0o755);
    using place = openInRoot(directory, name, O_PATH | O_DIRECTORY);
    using mounted = within(name, () => hierarchyMount(controllers, step, view));
    attachMount(mounted, place);
    // Co-mounted controllers are reached by each of their names: cpu → cpu,cpuacct.
    if (controllers.length > 1) for (const alias of controllers) makeLinkAt(directory, alias, name);
  }
  if (step.set & MOUNT_ATTR.RDONLY) changeMount(base, { set: MOUNT_ATTR.RDONLY, clear: 0 });
}
