import t from 'tap';
import { devices } from '../../../src/cgroups/v1/devices.ts';
import type { DeviceRule } from '../../../src/spec/config.ts';

const lines = (rules?: DeviceRule[]) =>
  devices(rules === undefined ? {} : { devices: rules }).map(
    ({ file, value }) => `${file.replace('devices.', '')} ${value}`,
  );
const defaults = lines([]).slice(1);

t.test('no rules: the default devices only', async (t) => {
  t.equal(lines()[0], 'deny a');
  t.same(lines(), lines([]));
  t.same(defaults.slice(0, 3), ['allow c *:* m', 'allow b *:* m', 'allow c 1:3 rwm']);
  t.ok(defaults.includes('allow c 10:200 rwm'), 'tun');
  t.equal(defaults.length, 11);
});

t.test('rules in order, defaults last', async (t) => {
  t.same(
    lines([
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
      { allow: false, type: 'b', major: 8, minor: -1, access: 'w' },
      { allow: true, type: 'b', access: 'r' },
    ]),
    ['deny a', 'allow c 10:229 rw', 'deny b 8:* w', 'allow b *:* r', ...defaults],
  );
});

t.test('a rule for all devices makes those before it void', async (t) => {
  t.same(lines([{ allow: false }, { allow: true, type: 'a', access: 'rwm' }]), ['allow a', ...defaults]);
  t.same(lines([{ allow: true, type: 'c', access: 'r' }, { allow: false }]), ['deny a', ...defaults]);
});

t.test('a rule without access', async (t) => {
  t.throws(() => devices({ devices: [{ allow: false }, { allow: true, type: 'c', major: 1, minor: 3 }] }), {
    code: 'CONFIG_INVALID',
    field: 'linux.resources.devices[1].access',
  });
});
