import { libseccompVersion } from '../../linux/libseccomp.ts';
import { hasSeccompFlag } from '../../linux/seccomp.ts';
import { seccompNames } from '../../process/seccomp/plan.ts';
import type { SeccompArchitecture } from '../../spec/config.ts';
import type { LinuxFeatures } from '../../spec/features.ts';

const ARCHITECTURES = {
  SCMP_ARCH_AARCH64: true,
  SCMP_ARCH_ARM: true,
  SCMP_ARCH_LOONGARCH64: true,
  SCMP_ARCH_M68K: true,
  SCMP_ARCH_MIPS: true,
  SCMP_ARCH_MIPS64: true,
  SCMP_ARCH_MIPS64N32: true,
  SCMP_ARCH_MIPSEL: true,
  SCMP_ARCH_MIPSEL64: true,
  SCMP_ARCH_MIPSEL64N32: true,
  SCMP_ARCH_PARISC: true,
  SCMP_ARCH_PARISC64: true,
  SCMP_ARCH_PPC: true,
  SCMP_ARCH_PPC64: true,
  SCMP_ARCH_PPC64LE: true,
  SCMP_ARCH_RISCV64: true,
  SCMP_ARCH_S390: true,
  SCMP_ARCH_S390X: true,
  SCMP_ARCH_SH: true,
  SCMP_ARCH_SHEB: true,
  SCMP_ARCH_X32: true,
  SCMP_ARCH_X86: true,
  SCMP_ARCH_X86_64: true,
} as const satisfies Record<SeccompArchitecture, true>;

/** Of the `features` command: what profiles can say. `supportedFlags` is what this kernel knows of it. */
export function seccompFeatures(): NonNullable<LinuxFeatures['seccomp']> {
  const flags = seccompNames.flags();
  return {
    enabled: true,
    actions: seccompNames.actions(),
    operators: seccompNames.operators(),
    archs: Object.keys(ARCHITECTURES) as SeccompArchitecture[],
    knownFlags: flags.map(([name]) => name),
    supportedFlags: flags.filter(([, number]) => hasSeccompFlag(number)).map(([name]) => name),
  };
}

/** The version of libseccomp on this host; undefined where it is missing. */
export function installedLibseccomp(): string | undefined {
  try {
    return libseccompVersion();
  } catch {
    return undefined;
  }
}
