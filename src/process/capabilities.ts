// Runs in the container's namespaces.
import { RuntimeError, within } from '../errors.ts';
import {
  type CapabilityMasks,
  capabilityNames,
  capabilityNumber,
  getCapabilities,
  setCapabilities,
} from '../linux/capability.ts';
import { failedWith } from '../linux/path.ts';
import { clearAmbient, raiseAmbient, tryDropBounding } from '../linux/prctl.ts';
import { log } from '../log.ts';
import type { Capabilities } from '../spec/config.ts';

const SYS_ADMIN = 1n << 21n;

/** process.capabilities as the kernel has them: bit n for capability n. */
export interface CapabilityPlan extends CapabilityMasks {
  bounding: bigint;
  ambient: number[];
  /** Names that this version does not know, which the specification has us warn about. */
  unknown: string[];
}

/** Pure. Absent sets are empty: a container has the capabilities that it was given. */
export function planCapabilities(capabilities: Capabilities = {}): CapabilityPlan {
  const unknown: string[] = [];
  const numbers = (names: readonly string[] = []): number[] => {
    const known: number[] = [];
    for (const name of names) {
      const number = capabilityNumber(name);
      if (number !== undefined) known.push(number);
      else if (!unknown.includes(name)) unknown.push(name);
    }
    return known;
  };
  const mask = (names?: readonly string[]): bigint => {
    let bits = 0n;
    for (const number of numbers(names)) bits |= 1n << BigInt(number);
    return bits;
  };
  return {
    bounding: mask(capabilities.bounding),
    effective: mask(capabilities.effective),
    permitted: mask(capabilities.permitted),
    inheritable: mask(capabilities.inheritable),
    ambient: numbers(capabilities.ambient),
    unknown,
  };
}

/** Drops what is not in the bounding set; possible only while CAP_SETPCAP is effective. */
export function limitBounding({ bounding }: CapabilityPlan): void {
  for (let capability = 0; ; capability++) {
    if ((bounding >> BigInt(capability)) & 1n) continue;
    // Past the last capability of this kernel.
    if (!tryDropBounding(capability)) return;
  }
}

/** Sets the other sets; the last thing that needs no privilege to lose them. */
export function applyCapabilities(plan: CapabilityPlan): void {
  within('process.capabilities: set', () => setWhatCanBe(plan), {
    code: 'PROCESS_SET',
    field: 'process.capabilities',
  });
  clearAmbient();
  const refused = plan.ambient.filter((capability) => !tryRaiseAmbient(capability));
  if (refused.length === 0) return;
  const names = refused.map((capability) => capabilityNames()[capability]);
  log.warning(
    `process.capabilities.ambient: left out what is not permitted and inheritable: ${names.join(', ')}`,
  );
}

/**
 * As applyCapabilities, but CAP_SYS_ADMIN stays until a seccomp filter is loaded, which takes it where a program may
 * gain privileges. Returns what is to be set then; undefined when that is so already.
 */
export function applyBeforeFilter(plan: CapabilityPlan): CapabilityMasks | undefined {
  if (plan.effective & SYS_ADMIN) {
    applyCapabilities(plan);
    return undefined;
  }
  applyCapabilities({
    ...plan,
    effective: plan.effective | SYS_ADMIN,
    permitted: plan.permitted | SYS_ADMIN,
  });
  const held = getCapabilities();
  if (!(held.effective & SYS_ADMIN)) {
    throw new RuntimeError('linux.seccomp: a filter takes process.noNewPrivileges or CAP_SYS_ADMIN', {
      code: 'SECCOMP_PRIVILEGE',
      field: 'linux.seccomp',
      hint: 'set process.noNewPrivileges',
    });
  }
  const wanted = plan.permitted & SYS_ADMIN;
  return {
    effective: held.effective & ~SYS_ADMIN,
    permitted: (held.permitted & ~SYS_ADMIN) | wanted,
    inheritable: held.inheritable,
  };
}

/** The specification wants a warning about what cannot be granted, not an error. */
function setWhatCanBe(plan: CapabilityPlan): void {
  try {
    setCapabilities(plan);
  } catch (error) {
    if (!failedWith(error, 'EPERM')) throw error;
    const granted = grantable(plan, getCapabilities());
    for (const key of ['permitted', 'effective', 'inheritable'] as const) {
      const names = namesOf(plan[key] & ~granted[key]);
      if (names.length > 0)
        log.warning(`process.capabilities.${key}: left out what cannot be granted: ${names.join(', ')}`);
    }
    setCapabilities(granted);
  }
}

/** Pure. What capset(2) allows a thread with the sets `held`, which has no CAP_SETPCAP in effect any more. */
export function grantable(plan: CapabilityPlan, held: CapabilityMasks): CapabilityMasks {
  const permitted = plan.permitted & held.permitted;
  return {
    permitted,
    effective: plan.effective & permitted,
    inheritable: plan.inheritable & (held.inheritable | (held.permitted & plan.bounding)),
  };
}

function namesOf(mask: bigint): string[] {
  return capabilityNames().filter((_, number) => (mask >> BigInt(number)) & 1n);
}

function tryRaiseAmbient(capability: number): boolean {
  try {
    raiseAmbient(capability);
    return true;
  } catch (error) {
    if (failedWith(error, 'EPERM')) return false;
    throw error;
  }
}
