import { within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { writeExisting } from '../linux/file.ts';
import { changeMount, cloneMount } from '../linux/mount.ts';
import { inMountsOf } from '../linux/namespace.ts';
import { failedWith, O_RDONLY, openPath } from '../linux/path.ts';
import { makeUserNamespace } from '../linux/user-namespace.ts';
import { mappingText } from '../namespaces/id-maps.ts';
import { withHint } from '../rootfs/hint.ts';
import { type Mappings, type MountStep, planMounts } from '../rootfs/mount-plan.ts';
import { clonePropagation } from '../rootfs/propagation.ts';
import { mapOwners, openSource } from '../rootfs/source.ts';
import type { Spec } from '../spec/config.ts';
import { hasNew, namespaceOf } from '../spec/query.ts';

/**
 * The bind mounts whose sources init must not open or cannot map, in the order of mounts[]; almost always none.
 * None also for a caller who may not: then init can do as much.
 */
export function planMountSources(spec: Spec, bundle: string): MountStep[] {
  if (!mayNeedHost(spec)) return [];
  const steps = planMounts(spec, bundle).filter(({ fromHost }) => fromHost);
  return steps.some(({ idmap }) => idmap) || mayClone() ? steps : [];
}

/** Opens their sources. `pid` is init's, which is in its namespaces. */
export function openMountSources(steps: readonly MountStep[], spec: Spec, pid: number): Fd[] {
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
  const mounted = withHint(step.idmap ? HINTS : {}, () => copyOf(step, spec, pid));
  // As it would be in init's copy of these mounts: nothing that is mounted there may reach the host.
  changeMount(mounted, { set: 0, clear: 0, ...clonePropagation(spec) });
  if (step.idmap) {
    using userNamespace = step.mappings ? mapped(step.mappings) : openPath(`/proc/${pid}/ns/user`, O_RDONLY);
    mapOwners(mounted, step, userNamespace);
  }
  return mounted;
}

/**
 * From init's copy of the caller's mounts, where a user namespace has one: there the kernel has locked what they hide, and how they
 * are mounted, so that the container's root can change neither. It does not part what is locked together: then from here.
 */
function copyOf(step: MountStep, spec: Spec, pid: number): Fd {
  if (namespaceOf(spec, 'user') === undefined || !hasNew(spec, 'mount')) return openSource(step);
  try {
    return inMountsOf(pid, () => openSource(step));
  } catch (error) {
    if (step.recursive || !failedWith(error, 'EINVAL')) throw error;
    return openSource(step);
  }
}

function mapped(mappings: Mappings): Fd {
  const { uidMappings, gidMappings } = mappings;
  return makeUserNamespace((pid) => {
    within('uidMappings', () => writeExisting(`/proc/${pid}/uid_map`, mappingText(uidMappings)));
    within('gidMappings', () => writeExisting(`/proc/${pid}/gid_map`, mappingText(gidMappings)));
  });
}
