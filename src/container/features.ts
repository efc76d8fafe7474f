import { UNIT_PROPERTY_PREFIX } from '../cgroups/systemd/properties.ts';
import { type Environment, findCriu } from '../checkpoint/criu.ts';
import { CONFIG_ANNOTATION } from '../checkpoint/options.ts';
import { commit, version } from '../engine.ts';
import { capabilityNames } from '../linux/capability.ts';
import { namespaceTypes } from '../namespaces/plan.ts';
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from '../process/memory-policy.ts';
import { mountOptionNames } from '../rootfs/mount-options.ts';
import type { MemoryPolicyFlag } from '../spec/config.ts';
import type { Features, LinuxFeatures } from '../spec/features.ts';
import { hookKinds } from '../spec/hook-kinds.ts';
import { OCI_VERSION } from '../spec/state.ts';
import { CGROUP_MANAGERS } from './options.ts';
import { installedLibseccomp, seccompFeatures } from './seccomp/features.ts';

const OLDEST_OCI_VERSION = '1.0.0';

/**
 * The `features` command: names come from the tables that containers are made by. In the PATH of `environment`, the caller's,
 * criu is looked for.
 */
export function features(environment: Environment): Features {
  const libseccomp = installedLibseccomp();
  return {
    ociVersionMin: OLDEST_OCI_VERSION,
    ociVersionMax: OCI_VERSION,
    hooks: [...hookKinds],
    mountOptions: mountOptionNames().sort(),
    linux: linuxFeatures(),
    annotations: {
      // runc's name for it, which callers print.
      ...(libseccomp === undefined ? {} : { 'io.github.seccomp.libseccomp.version': libseccomp }),
      // Callers know by the first one, whichever runtime it is of, whether they can ask for checkpoints.
      'org.opencontainers.runc.checkpoint.enabled': String(findCriu(environment) !== undefined),
      'trunc.commit': commit,
      'trunc.version': version,
    },
    // Properties of the container's unit, of which some have systemd run programs, and options of criu, with the same.
    potentiallyUnsafeConfigAnnotations: [UNIT_PROPERTY_PREFIX, CONFIG_ANNOTATION],
  };
}

function linuxFeatures(): LinuxFeatures {
  const memoryPolicyFlags = Object.keys(MEMORY_POLICY_FLAGS) as MemoryPolicyFlag[];
  return {
    namespaces: namespaceTypes().sort(),
    capabilities: capabilityNames(),
    cgroup: { ...CGROUP_MANAGERS, rdma: true },
    seccomp: seccompFeatures(),
    apparmor: { enabled: true },
    selinux: { enabled: true },
    intelRdt: { enabled: true, schemata: true, monitoring: true },
    memoryPolicy: { modes: MEMORY_POLICY_MODES, flags: memoryPolicyFlags },
    mountExtensions: { idmap: { enabled: true } },
    netDevices: { enabled: true },
  };
}
