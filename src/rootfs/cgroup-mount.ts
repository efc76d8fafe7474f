// Runs in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import {
  attachMount,
  changeMount,
  cloneMount,
  type FilesystemParameter,
  MOUNT_ATTR,
  newMount,
} from '../linux/mount.ts';
import { failedWith, makeDirectoryAt, makeLinkAt, O_DIRECTORY, O_PATH, openInRoot } from '../linux/path.ts';
import { isFirstUserNamespace } from '../linux/user-namespace.ts';
import { attach } from './attach.ts';
import { attributesOf, type MountStep } from './mount-plan.ts';
import { keepMounted, type MountList } from './mounted.ts';
import { openTarget } from './target.ts';

const SOURCE: FilesystemParameter = ['source', 'cgroup'];

/** The hierarchies that the process is in, and where. */
export interface CgroupView {
  /** Line by line /proc/self/cgroup: ['cpu', 'cpuacct'], ['name=systemd'], [] for cgroup v2. */
  hierarchies: readonly (readonly string[])[];
  /** The container's own directories on the host, by controller, '' for cgroup v2. */
  paths: Readonly<Record<string, string>>;
  /** Whether the container has a cgroup namespace, so that a mount shows its own part only. */
  hasNamespace: boolean;
  /**
   * Where the host has version 2 mounted, if a container that shares its view is to see all of it, as the paths in
   * /proc/self/cgroup are meant. Not by a new mount: that would reset the options of the host's.
   */
  whole: string | undefined;
}

/** `whole` of a CgroupView, from the text of /proc/self/cgroup and the directory of the cgroup that we are in. */
export function wholeHierarchy(text: string, own: string | undefined): string | undefined {
  const [line = '', ...others] = text.trimEnd().split('\n');
  if (!line.startsWith('0::/') || others.length > 0 || !own?.endsWith(line.slice(3))) return undefined;
  return own.slice(0, own.length - line.length + 3);
}

/** Parses the text of /proc/self/cgroup. */
export function parseHierarchies(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.split(':')[1] ?? '').split(',').filter((name) => name !== ''));
}

interface CgroupContext extends MountList {
  root: Fd;
  /** linux.mountLabel. */
  label: string | undefined;
}

/** Mounts what "cgroup" means here: cgroup2, or a directory with a mount for each hierarchy of v1. */
export function mountCgroup(step: MountStep, view: CgroupView, context: CgroupContext): void {
  const { root, label } = context;
  within(
    `${step.field}: mount cgroup on ${step.destination}`,
    () => {
      using target = openTarget(root, step, { directory: true }).fd;
      const unified = view.hierarchies.every((controllers) => controllers.length === 0);
      const mounted = unified ? hierarchyMount([], step, view) : legacyMount(step, label);
      attach(mounted, target, step);
      if (!unified) {
        mountHierarchies(mounted, step, view);
        const readonly = attributesOf(step) & MOUNT_ATTR.RDONLY;
        if (readonly) changeMount(mounted, { set: readonly, clear: 0 });
      }
      keepMounted(context, { destination: step.destination, mounted, isLate: false });
    },
    { code: 'MOUNT', field: step.field },
  );
}

/** The detached mount of one hierarchy, as the container may see it. */
function hierarchyMount(controllers: readonly string[], step: MountStep, view: CgroupView): Fd {
  const own = view.paths[controllers[0] ?? ''];
  const attributes = attributesOf(step);
  if (view.whole !== undefined) return existing(view.whole, foreignAttributes(attributes));
  if (!view.hasNamespace && own !== undefined) return existing(own, attributes);
  try {
    return newHierarchyMount(
      controllers,
      step,
      own === undefined ? foreignAttributes(attributes) : attributes,
    );
  } catch (error) {
    if (!failedWith(error, 'EPERM', 'EBUSY')) throw error;
    // In a user namespace without a cgroup namespace of its own the kernel refuses; a bind is as good.
    if (own !== undefined) return existing(own, attributes);
    // Nothing, in place of what another mount may show there.
    return newMount('tmpfs', [SOURCE, ['mode', '555'], ['nr_inodes', '1']], attributes | MOUNT_ATTR.RDONLY);
  }
}

/**
 * Beyond the container's own are cgroups that the user may own as whom a user namespace's root acts: they are not to be
 * changed from inside (CVE-2023-25809).
 */
function foreignAttributes(attributes: number): number {
  return isFirstUserNamespace() ? attributes : attributes | MOUNT_ATTR.RDONLY;
}

function newHierarchyMount(controllers: readonly string[], step: MountStep, attributes: number): Fd {
  if (controllers.length === 0) return newMount('cgroup2', [SOURCE, ...step.parameters], attributes);
  const names = controllers.map((controller): FilesystemParameter => {
    const [key, value] = controller.split('=');
    return value === undefined ? [controller] : [key as string, value];
  });
  return newMount('cgroup', [SOURCE, ...names], attributes);
}

function existing(path: string, attributes: number): Fd {
  const mounted = cloneMount(path, false);
  changeMount(mounted, { set: attributes, clear: 0 });
  return mounted;
}

/** The directory of the hierarchies, writable until they are mounted in it. */
function legacyMount(step: MountStep, label: string | undefined): Fd {
  const context: FilesystemParameter[] = label ? [['context', label]] : [];
  const parameters: FilesystemParameter[] = [SOURCE, ['mode', '755'], ...context];
  return newMount('tmpfs', parameters, attributesOf(step) & ~MOUNT_ATTR.RDONLY);
}

function mountHierarchies(mounted: Fd, step: MountStep, view: CgroupView): void {
  using directory = openInRoot(mounted, '.', O_PATH | O_DIRECTORY);
  for (const controllers of view.hierarchies) {
    const name = controllers.length === 0 ? 'unified' : controllers.join(',').replace(/^name=/, '');
    const known = view.paths[controllers[0] ?? ''] !== undefined;
    // What the host has not mounted, the container's cgroup is not in.
    if (!known) continue;
    makeDirectoryAt(directory, name, 0o755);
    using place = openInRoot(directory, name, O_PATH | O_DIRECTORY);
    using hierarchy = within(name, () => hierarchyMount(controllers, step, view));
    attachMount(hierarchy, place);
    // Co-mounted controllers are reached by each of their names: cpu → cpu,cpuacct.
    if (controllers.length > 1) for (const alias of controllers) makeLinkAt(directory, alias, name);
  }
}
