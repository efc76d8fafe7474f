// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { type CapabilityMasks, capabilityNumber, setCapabilities } from '../linux/capability.ts';
import { failedWith } from '../linux/path.ts';
import { clearAmbient, raiseAmbient, tryDropBounding } from '../linux/prctl.ts';
import { log } from '../log.ts';
import type { Capabilities } from '../spec/config.ts';

/** process.capabilities as the kernel has them: bit n for capability n. */
export interface CapabilityPlan extends CapabilityMasks {
  bounding: bigint;
  ambient: number[];
  /** Names that this version does not know, which the specification has us warn about. */
  unknown: string[];
}

/** Pure. Absent sets are empty: a container has the capabilities that it was given. */
export function planCapabilities(capabilities: Capabilities = {}): CapabilityPlan {
  const unknown = new Set<string>();
  const numbers = (names: readonly string[] = []): number[] =>
    names.flatMap((name) => {
      const number = capabilityNumber(name);
      if (number === undefined) unknown.add(name);
      return number === undefined ? [] : [number];
    });
  const mask = (names?: readonly string[]): bigint =>
    numbers(names).reduce((bits, number) => bits | (1n << BigInt(number)), 0n);
  return {
    bounding: mask(capabilities.bounding),
    effective: mask(capabilities.effective),
    permitted: mask(capabilities.permitted),
    inheritable: mask(capabilities.inheritable),
    ambient: numbers(capabilities.ambient),
    unknown: [...unknown],
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
  within('process.capabilities: set', () => setCapabilities(plan), { field: 'process.capabilities' });
  clearAmbient();
  const refused = plan.ambient.filter((capability) => !tryRaiseAmbient(capability));
  if (refused.length === 0) return;
  log.warning(
    `process.capabilities.ambient: left out what is not permitted and inheritable: ${refused.join(', ')}`,
  );
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
