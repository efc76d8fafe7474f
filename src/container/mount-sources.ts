import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { writeExisting } from '../linux/file.ts';
import { changeMount, cloneMount } from '../linux/mount.ts';
import { failedWith, O_RDONLY, openPath } from '../linux/path.ts';
import { makeUserNamespace } from '../linux/user-namespace.ts';
import { mappingText } from '../namespaces/id-maps.ts';
import { withHint } from '../rootfs/hint.ts';
import { type Mappings, type MountStep, planMounts } from '../rootfs/mount-plan.ts';
import { clonePropagation } from '../rootfs/propagation.ts';
import { mapOwners, openSource } from '../rootfs/source.ts';
import type { Spec } from '../spec/config.ts';
import { namespaceOf } from '../spec/query.ts';

/**
 * Opens the sources of bind mounts that init must not open or cannot map, in the order of mounts[]; almost always none.
 * `pid` is init's, which is in its user namespace. None also for a caller who may not: then init can do as much.
 */
export function openMountSources(spec: Spec, bundle: string, pid: number): Fd[] {
  if (!mayNeedHost(spec)) return [];
  const steps = planMounts(spec, bundle).filter(({ fromHost }) => fromHost);
  if (!steps.some(({ idmap }) => idmap) && !mayClone()) return [];
  return steps.map((step) => {
    const details = { code: 'MOUNT', field: step.field } as const;
    return within(
      `${step.field}: mount ${step.source} on ${step.destination}`,
      () => open(step, spec, pid),
      details,
    );
  });
}

const HINTS = { EPERM: 'mapping owners (idmap) needs CAP_SYS_ADMIN on the host' };

/** Only CAP_SYS_ADMIN over the caller's mount namespace may. */
function mayClone(): boolean {
  try {
    // Without anything below it, which a user namespace may have locked.
    cloneMount('/dev/null', false).close();
    return true;
  } catch (error) {
    if (failedWith(error, 'EPERM')) return false;
    throw error;
  }
}

/** Whether it is worth the plan, which init makes anyway. */
function mayNeedHost(spec: Spec): boolean {
  if (namespaceOf(spec, 'user') !== undefined) return true;
  for (const { options, uidMappings } of spec.mounts ?? []) {
    if (uidMappings?.length || options?.includes('idmap') || options?.includes('ridmap')) return true;
  }
  return false;
}

function open(step: MountStep, spec: Spec, pid: number): Fd {
  const mounted = withHint(step.idmap ? HINTS : {}, () => openSource(step));
  // As it would be in init's copy of these mounts: nothing that is mounted there may reach the host.
  changeMount(mounted, { set: 0, clear: 0, ...clonePropagation(spec) });
  if (step.idmap) {
    using userNamespace = step.mappings ? mapped(step.mappings) : openPath(`/proc/${pid}/ns/user`, O_RDONLY);
    mapOwners(mounted, step, userNamespace);
  }
  return mounted;
}

function mapped(mappings: Mappings): Fd {
  const { uidMappings, gidMappings } = mappings;
  return makeUserNamespace((pid) => {
    within('uidMappings', () => writeExisting(`/proc/${pid}/uid_map`, mappingText(uidMappings)));
    within('gidMappings', () => writeExisting(`/proc/${pid}/gid_map`, mappingText(gidMappings)));
  });
}
