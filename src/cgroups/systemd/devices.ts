// Pure.
import type { DbusValue } from '../../linux/dbus.ts';
import type { DeviceRule } from '../../spec/config.ts';
import type { ExactRule } from '../device-rules.ts';
import { exceptionsOf } from '../v1/devices.ts';
import type { UnitProperty } from './properties.ts';

/**
 * Device rules as properties of a unit, for version 1, whose files systemd writes anew whenever it reloads. In version 2
 * each filter stands by itself, and ours is enough. `groups` is the text of /proc/devices. Source: systemd.resource-control(5).
 */
export function deviceProperties(rules: readonly DeviceRule[], groups: string): UnitProperty[] {
  const { allow: all, list } = exceptionsOf(rules);
  const allow = (value: DbusValue): UnitProperty => ['DeviceAllow', { signature: 'a(ss)', value }];
  // An empty list takes away what was there before.
  if (all) return [['DevicePolicy', { signature: 's', value: 'auto' }], allow([])];
  const entries = list.flatMap((rule): DbusValue[] => {
    const name = rule.access === '' ? undefined : deviceName(rule, groups);
    return name === undefined ? [] : [[name, rule.access]];
  });
  return [['DevicePolicy', { signature: 's', value: 'strict' }], allow([]), allow(entries)];
}

/** `char-*`, the driver's name for all of its devices, or a path; undefined for a driver that is not there. */
function deviceName({ type, major, minor }: ExactRule, groups: string): string | undefined {
  const kind = type === 'c' ? 'char' : 'block';
  if (major === undefined) return `${kind}-*`;
  if (minor !== undefined) return `/dev/${kind}/${major}:${minor}`;
  const [characters = '', blocks = ''] = groups.split('Block devices:');
  const list = type === 'c' ? characters : blocks;
  const driver = new RegExp(`^ *${major} (.+)$`, 'm').exec(list)?.[1];
  return driver === undefined ? undefined : `${kind}-${driver}`;
}
