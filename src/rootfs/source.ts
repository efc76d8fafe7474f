// Runs on the host, for what only the host may open, and in the container's namespaces.
import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { changeMount, cloneMount } from '../linux/mount.ts';
import { withHint } from './hint.ts';
import type { MountStep } from './mount-plan.ts';

/** A detached copy of what a bind mount shows. */
export function openSource(step: MountStep): Fd {
  const follow = !step.sourceNoFollow && !step.copySymlink;
  return within('source', () => cloneMount(step.source, step.recursive, follow));
}

const IDMAP_HINTS = {
  EINVAL: 'the filesystem of the source, or one below it, may know no mapping of owners',
  EPERM: 'mapping owners needs CAP_SYS_ADMIN where the filesystem was mounted, and a source not mapped yet',
};

/** Shows the owners of files through the maps of a user namespace. Linux 5.12, where the filesystem can. */
export function mapOwners(mounted: Fd, step: MountStep, userNamespace: Fd): void {
  const change = { set: 0, clear: 0, recursive: step.idmap === 'ridmap', idmap: userNamespace };
  within(`${step.idmap}`, () => withHint(IDMAP_HINTS, () => changeMount(mounted, change)));
}
