// Pure.
import { RuntimeError } from '../../errors.ts';
import type { DeviceRule } from '../../spec/config.ts';
import { defaultRules, devicePolicy, type ExactRule } from '../device-rules.ts';
import type { CgroupWrite } from '../write.ts';

/**
 * linux.resources.devices as files of the v1 controller. The kernel keeps what holds for all devices, and a list of
 * exceptions from that. Where `inForce` rules say the same of all devices, only exceptions are changed: no device is out
 * of reach for a moment, and a cgroup with others below it takes nothing else. Source: the kernel's security/device_cgroup.c.
 */
export function devices(rules: readonly DeviceRule[], inForce?: readonly DeviceRule[]): CgroupWrite[] {
  const wanted = exceptionsOf(rules);
  const present = inForce && exceptionsOf(inForce);
  const isNew = present === undefined || present.allow !== wanted.allow;
  const writes: CgroupWrite[] = isNew
    ? [{ file: fileOf(wanted.allow), value: 'a', field: wanted.field }]
    : [];
  for (const exception of wanted.list) {
    if (exception.access !== '') writes.push(toFile(!wanted.allow, exception, exception.access));
  }
  if (isNew) return writes;
  for (const old of present.list) {
    const kept = wanted.list.find((exception) => isSame(exception, old));
    const access = without(old.access, kept?.access ?? '');
    if (access !== '') writes.push(toFile(wanted.allow, { ...old, field: kept?.field ?? old.field }, access));
  }
  return writes;
}

function fileOf(allow: boolean): string {
  return allow ? 'devices.allow' : 'devices.deny';
}

function toFile(allow: boolean, rule: ExactRule, access: string): CgroupWrite {
  return { file: fileOf(allow), value: text(rule, access), field: rule.field };
}

/** What holds for all devices, and the exceptions from that, each device (or pattern) once. */
interface Exceptions {
  allow: boolean;
  field: string;
  list: ExactRule[];
}

/** What rules and defaults come to. `field` of an exception is the last rule that speaks of it; no access: none any more. */
export function exceptionsOf(rules: readonly DeviceRule[]): Exceptions {
  const { allow, field, rules: own } = devicePolicy(rules);
  const list: ExactRule[] = [];
  for (const rule of own) {
    if (rule.allow === allow) takeBack(rule, list);
    else except(rule, list);
  }
  for (const rule of defaultRules()) {
    // Where everything is allowed, an exception wider than a default device stays: the kernel cannot cut it.
    if (!allow) except(rule, list);
    else takeBack(rule, list, (exception) => covers(rule, exception));
  }
  return { allow, field, list };
}

/** The kernel, too, has one exception for the same device. */
function except(rule: ExactRule, list: ExactRule[]): void {
  const there = list.find((exception) => isSame(exception, rule));
  if (there === undefined) list.push({ ...rule });
  else Object.assign(there, { access: there.access + without(rule.access, there.access), field: rule.field });
}

/**
 * Takes exceptions back, each by its own name: the kernel passes over, without a word, a rule that names no exception
 * exactly. What it cannot do is to take back a part of one, which is refused here.
 */
function takeBack(rule: ExactRule, list: ExactRule[], may = (_: ExactRule): boolean => true): void {
  for (const exception of list) {
    if (!overlap(rule, exception) || !may(exception)) continue;
    if (!covers(rule, exception)) throw cannotCut(rule, exception);
    Object.assign(exception, { access: without(exception.access, rule.access), field: rule.field });
  }
}

function without(access: string, taken: string): string {
  return [...access].filter((letter) => !taken.includes(letter)).join('');
}

function isSame(one: ExactRule, other: ExactRule): boolean {
  return one.type === other.type && one.major === other.major && one.minor === other.minor;
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
