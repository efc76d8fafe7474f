// Pure.
import { RuntimeError } from '../errors.ts';
import type { DeviceRule } from '../spec/config.ts';

/** A rule with nothing left open. */
export interface ExactRule {
  allow: boolean;
  type: 'b' | 'c';
  /** Undefined: all. */
  major: number | undefined;
  minor: number | undefined;
  access: string;
  /** Where it comes from. */
  field: string;
}

/** Device rules: `allow` holds for what no rule speaks of; of the rules that do, the last one decides. */
export interface DevicePolicy {
  allow: boolean;
  /** The rule that decides so. */
  field: string;
  rules: ExactRule[];
}

/**
 * linux.resources.devices as a policy. The start is "nothing", as in runc. A rule for all devices, which has no use
 * for numbers and access, makes those before it void.
 */
export function devicePolicy(rules: readonly DeviceRule[]): DevicePolicy {
  let policy: DevicePolicy = { allow: false, field: 'linux.resources.devices', rules: [] };
  for (const [index, { allow, type = 'a', major, minor, access }] of rules.entries()) {
    const field = `linux.resources.devices[${index}]`;
    if (type === 'a') {
      policy = { allow, field, rules: [] };
      continue;
    }
    if (!access) throw withoutAccess(`${field}.access`);
    policy.rules.push({ allow, type, major: orAll(major), minor: orAll(minor), access, field });
  }
  return policy;
}

function withoutAccess(field: string): RuntimeError {
  return new RuntimeError(`${field} is missing`, { code: 'CONFIG_INVALID', field, hint: 'such as "rwm"' });
}

function orAll(number = -1): number | undefined {
  return number < 0 ? undefined : number;
}

/**
 * What every container may do, whatever its rules say, as in runc: make any device node, use null, zero, full,
 * random, urandom, tty, pseudoterminals and their multiplexer, and tun.
 */
export function defaultRules(): ExactRule[] {
  return [
    allowed('b', undefined, undefined, 'm'),
    allowed('c', undefined, undefined, 'm'),
    allowed('c', 1, 3),
    allowed('c', 1, 5),
    allowed('c', 1, 7),
    allowed('c', 1, 8),
    allowed('c', 1, 9),
    allowed('c', 5, 0),
    allowed('c', 136, undefined),
    allowed('c', 5, 2),
    allowed('c', 10, 200),
  ];
}

function allowed(type: 'b' | 'c', major?: number, minor?: number, access = 'rwm'): ExactRule {
  return { allow: true, type, major, minor, access, field: 'linux.resources.devices' };
}
