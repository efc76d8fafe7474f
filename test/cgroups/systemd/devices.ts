import t from 'tap';
import { deviceProperties } from '../../../src/cgroups/systemd/devices.ts';
import type { DeviceRule } from '../../../src/spec/config.ts';

const GROUPS = 'Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n254 virtblk\n';
const allowed = (rules: DeviceRule[]) => {
  const properties = deviceProperties(rules, GROUPS);
  return properties.at(-1)?.[1].value as unknown as [string, string][];
};

t.test('rules, then the defaults', async (t) => {
  const [policy, empty] = deviceProperties([], GROUPS);
  t.same(policy, ['DevicePolicy', { signature: 's', value: 'strict' }]);
  t.same(empty, ['DeviceAllow', { signature: 'a(ss)', value: [] }], 'which takes away those from before');
  t.same(allowed([]).slice(0, 3), [
    ['block-*', 'm'],
    ['char-*', 'm'],
    ['/dev/char/1:3', 'rwm'],
  ]);
  t.ok(allowed([]).some(([name]) => name === 'char-pts'));
  const rules = [{ allow: true, type: 'b', major: 8, minor: -1, access: 'r' }] as const;
  t.same(allowed([...rules])[0], ['block-sd', 'r']);
});

t.test('what is taken back is not there', async (t) => {
  const kmsg = { type: 'c', major: 1, minor: 11 } as const;
  const rules = [
    { allow: true, ...kmsg, access: 'rw' },
    { allow: false, ...kmsg, access: 'w' },
  ];
  t.same(allowed(rules)[0], ['/dev/char/1:11', 'r']);
  t.same(allowed([...rules, { allow: false, ...kmsg, access: 'r' }]), allowed([]));
});

t.test('everything; and a driver that is not there', async (t) => {
  t.same(deviceProperties([{ allow: true }], GROUPS), [
    ['DevicePolicy', { signature: 's', value: 'auto' }],
    ['DeviceAllow', { signature: 'a(ss)', value: [] }],
  ]);
  t.same(allowed([{ allow: true, type: 'c', major: 99, minor: -1, access: 'r' }]), allowed([]));
});
