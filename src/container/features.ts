import { UNIT_PROPERTY_PREFIX } from '../cgroups/systemd/properties.ts';
import { commit, version } from '../engine.ts';
import { capabilityNames } from '../linux/capability.ts';
import { namespaceTypes } from '../namespaces/plan.ts';
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from '../process/memory-policy.ts';
import { mountOptionNames } from '../rootfs/mount-options.ts';
import type { MemoryPolicyFlag } from '../spec/config.ts';
import type { Features, LinuxFeatures } from '../spec/features.ts';
import { hookKinds } from '../spec/hook-kinds.ts';
import { OCI_VERSION } from '../spec/state.ts';
import { supports } from '../spec/unsupported.ts';
import { CGROUP_MANAGERS } from './options.ts';
import { installedLibseccomp, seccompFeatures } from './seccomp-features.ts';

const OLDEST_OCI_VERSION = '1.0.0';

/**
 * The `features` command. Nothing is said by hand here: names come from the tables that containers are made by, and
 * whether something is carried out is found by asking for it. `commands` are those of the program.
 */
export function features(commands: readonly string[]): Features {
  const libseccomp = installedLibseccomp();
  return {
    ociVersionMin: OLDEST_OCI_VERSION,
    ociVersionMax: OCI_VERSION,
    hooks: hookKinds.filter((kind) => supports({ hooks: { [kind]: [{ path: '/bin/true' }] } })),
    mountOptions: mountOptionNames().filter(isMountOption).sort(),
    linux: linuxFeatures(),
    annotations: {
      // runc's name for it, which callers print.
      ...(libseccomp === undefined ? {} : { 'io.github.seccomp.libseccomp.version': libseccomp }),
      // Callers know by the first one, whichever runtime it is of, whether they can ask for checkpoints.
      'org.opencontainers.runc.checkpoint.enabled': String(commands.includes('checkpoint')),
      'trunc.commit': commit,
      'trunc.version': version,
    },
    // Properties of the container's unit, of which some have systemd run programs.
    potentiallyUnsafeConfigAnnotations: [UNIT_PROPERTY_PREFIX],
  };
}

function isMountOption(name: string): boolean {
  return supports({ mounts: [{ destination: '/mnt', source: '/mnt', options: [name] }] });
}

function linuxFeatures(): LinuxFeatures {
  const memoryPolicyFlags = Object.keys(MEMORY_POLICY_FLAGS) as MemoryPolicyFlag[];
  const ids = [{ containerID: 0, hostID: 0, size: 1 }];
  const mount = { destination: '/mnt', source: '/mnt', uidMappings: ids, gidMappings: ids };
  const enabled = (part: Parameters<typeof supports>[0]): { enabled: boolean } => ({
    enabled: supports(part),
  });
  return {
    namespaces: namespaceTypes().sort(),
    capabilities: capabilityNames(),
    cgroup: {
      ...CGROUP_MANAGERS,
      rdma: supports({ linux: { resources: { rdma: { mlx5_0: { hcaHandles: 1 } } } } }),
    },
    seccomp: seccompFeatures(),
    apparmor: enabled({ process: { apparmorProfile: 'unconfined' } }),
    selinux: enabled({ process: { selinuxLabel: 's' }, linux: { mountLabel: 's' } }),
    intelRdt: {
      ...enabled({ linux: { intelRdt: {} } }),
      schemata: supports({ linux: { intelRdt: { schemata: ['L3:0=f'] } } }),
      monitoring: supports({ linux: { intelRdt: { enableMonitoring: true } } }),
    },
    memoryPolicy: { modes: MEMORY_POLICY_MODES, flags: memoryPolicyFlags },
    mountExtensions: { idmap: enabled({ mounts: [mount] }) },
    netDevices: enabled({ linux: { netDevices: { eth0: {} } } }),
  };
}
