// Pure.
import { notSupported } from '../../errors.ts';
import type { Resources } from '../../spec/config.ts';

/** Version 2 has no file for device rules, so any that forbids something is refused. */
export function refuseDeviceRules({ devices = [] }: Resources): void {
  const all = devices.findLastIndex(({ type = 'a' }) => type === 'a');
  const later = devices.slice(all + 1);
  const forbids = devices[all]?.allow === false || later.some(({ allow }) => !allow);
  if (forbids) throw notSupported('linux.resources.devices');
}
