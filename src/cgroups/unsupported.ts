// Pure.
import { notSupported } from '../errors.ts';
import type { Resources } from '../spec/config.ts';

/** Throws if a part of linux.resources is asked for that is not carried out; engines send many that are empty. */
export function refuseUnsupported(resources: Resources): void {
  for (const name of ['blockIO', 'hugepageLimits', 'network', 'rdma', 'unified'] as const) {
    if (isAsked(resources[name])) throw notSupported(`linux.resources.${name}`);
  }
}

function isAsked(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.values(value).some(isAsked) : Boolean(value);
}
