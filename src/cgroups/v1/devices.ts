// Pure.
import { RuntimeError } from '../../errors.ts';
import type { DeviceRule } from '../../spec/config.ts';
import { defaultRules, devicePolicy, type ExactRule } from '../device-rules.ts';
import type { CgroupWrite } from '../write.ts';

/**
 * linux.resources.devices as files of the v1 controller, in order, and the defaults last. The kernel keeps what holds
 * for all devices, and a list of exceptions from that. The first `inForce` rules are in it already: without starting
 * anew, no device is out of reach for a moment. Source: the kernel's security/device_cgroup.c.
 */
export function devices(rules: readonly DeviceRule[], inForce = 0): CgroupWrite[] {
  const policy = devicePolicy(rules);
  const first = rules.length - policy.rules.length;
  const writes: CgroupWrite[] = [];
  if (inForce === 0 || inForce < first)
    writes.push({ file: fileOf(policy), value: 'a', field: policy.field });
  const exceptions: ExactRule[] = [];
  for (const [index, rule] of policy.rules.entries()) {
    const own = rule.allow === policy.allow ? takeBack(rule, exceptions) : [except(rule, exceptions)];
    if (first + index >= inForce) writes.push(...own);
  }
  for (const rule of defaultRules()) {
    // Where everything is allowed, an exception wider than a default device stays: the kernel cannot cut it.
    if (policy.allow)
      writes.push(
        ...takeBack(
          rule,
          exceptions.filter((exception) => covers(rule, exception)),
        ),
      );
    else writes.push(except(rule, exceptions));
  }
  return writes;
}

function fileOf({ allow }: { allow: boolean }): string {
  return allow ? 'devices.allow' : 'devices.deny';
}

function except(rule: ExactRule, exceptions: ExactRule[]): CgroupWrite {
  exceptions.push({ ...rule });
  return { file: fileOf(rule), value: text(rule, rule.access), field: rule.field };
}

/**
 * Takes exceptions back, each by its own name: the kernel passes over, without a word, a rule that names no exception
 * exactly. What it cannot do is to take back a part of one, which is refused here.
 */
function takeBack(rule: ExactRule, exceptions: readonly ExactRule[]): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const exception of exceptions) {
    if (!overlap(rule, exception)) continue;
    if (!covers(rule, exception)) throw cannotCut(rule, exception);
    writes.push({ file: fileOf(rule), value: text(exception, rule.access), field: rule.field });
    exception.access = [...exception.access].filter((letter) => !rule.access.includes(letter)).join('');
  }
  return writes;
}

function overlap(one: ExactRule, other: ExactRule): boolean {
  return (
    one.type === other.type &&
    meet(one.major, other.major) &&
    meet(one.minor, other.minor) &&
    [...one.access].some((letter) => other.access.includes(letter))
  );
}

function meet(one: number | undefined, other: number | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

/** Whether the devices of the second rule are all among those of the first. */
function covers(wide: ExactRule, narrow: ExactRule): boolean {
  return (
    wide.type === narrow.type &&
    (wide.major === undefined || wide.major === narrow.major) &&
    (wide.minor === undefined || wide.minor === narrow.minor)
  );
}

function text({ type, major, minor }: ExactRule, access: string): string {
  return `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}

function cannotCut(rule: ExactRule, exception: ExactRule): RuntimeError {
  const message =
    `${rule.field} (${text(rule, rule.access)}) takes back a part of ${exception.field} ` +
    `(${text(exception, exception.access)}), which cgroup version 1 cannot do`;
  return new RuntimeError(message, {
    code: 'CGROUP_DEVICES',
    field: rule.field,
    hint: 'name the devices one by one',
  });
}
