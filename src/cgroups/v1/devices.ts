// Pure.
import { RuntimeError } from '../../errors.ts';
import type { DeviceRule, Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * What every container may do, whatever its rules say, as in runc: make any device node, use null, zero, full,
 * random, urandom, tty, pseudoterminals and their multiplexer, and tun.
 */
const DEFAULTS = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm',
  'c 1:5 rwm',
  'c 1:7 rwm',
  'c 1:8 rwm',
  'c 1:9 rwm',
  'c 5:0 rwm',
  'c 136:* rwm',
  'c 5:2 rwm',
  'c 10:200 rwm',
];

/**
 * linux.resources.devices as files of the v1 controller, in order, and the defaults last. The start is "nothing", as
 * in runc; the kernel's is "what the parent may". A rule for all devices makes those before it void.
 */
export function devices({ devices = [] }: Resources): CgroupWrite[] {
  let writes = [write('devices.deny', 'a', 'devices')];
  for (const [index, rule] of devices.entries()) {
    const { allow, type = 'a' } = rule;
    const file = allow ? 'devices.allow' : 'devices.deny';
    if (type === 'a') writes = [write(file, 'a', `devices[${index}]`)];
    else writes.push(write(file, ruleText(rule, index), `devices[${index}]`));
  }
  for (const rule of DEFAULTS) writes.push(write('devices.allow', rule, 'devices'));
  return writes;
}

function ruleText({ type, major = -1, minor = -1, access }: DeviceRule, index: number): string {
  if (!access) {
    const field = `linux.resources.devices[${index}].access`;
    throw new RuntimeError(`${field} is missing`, { code: 'CONFIG_INVALID', field, hint: 'such as "rwm"' });
  }
  return `${type} ${major < 0 ? '*' : major}:${minor < 0 ? '*' : minor} ${access}`;
}
