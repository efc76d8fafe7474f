import t from 'tap';
import { refuseDeviceRules } from '../../../src/cgroups/v2/devices.ts';
import type { DeviceRule } from '../../../src/spec/config.ts';

const rule = (allow: boolean, type?: 'a' | 'c'): DeviceRule => (type ? { allow, type } : { allow });

t.doesNotThrow(() => refuseDeviceRules({}));
for (const devices of [
  [],
  [rule(true)],
  [rule(true, 'c')],
  [rule(false), rule(true, 'a')],
  [rule(false, 'c'), rule(true)],
]) {
  t.doesNotThrow(() => refuseDeviceRules({ devices }), JSON.stringify(devices));
}
for (const devices of [
  [rule(false)],
  [rule(false, 'a'), rule(true, 'c')],
  [rule(true), rule(false, 'c')],
  [rule(false, 'c')],
]) {
  t.throws(
    () => refuseDeviceRules({ devices }),
    { code: 'NOT_SUPPORTED', field: 'linux.resources.devices' },
    JSON.stringify(devices),
  );
}
