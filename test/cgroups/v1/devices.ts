import t from 'tap';
import { devices } from '../../../src/cgroups/v1/devices.ts';
import type { DeviceRule } from '../../../src/spec/config.ts';

const lines = (rules: DeviceRule[] = [], inForce?: DeviceRule[]) =>
  devices(rules, inForce).map(({ file, value }) => `${file.replace('devices.', '')} ${value}`);
const defaults = lines().slice(1);

const char = (allow: boolean, major: number, minor: number, access = 'rwm'): DeviceRule => ({
  allow,
  type: 'c',
  major,
  minor,
  access,
});

t.test('no rules: the default devices only', async (t) => {
  t.equal(lines()[0], 'deny a');
  t.same(defaults.slice(0, 3), ['allow b *:* m', 'allow c *:* m', 'allow c 1:3 rwm']);
  t.equal(defaults.length, 11);
});

t.test('rules, then the defaults', async (t) => {
  const rules = [
    { allow: false, access: 'rwm' },
    char(true, 10, 229, 'rw'),
    { allow: true, type: 'b', access: 'r' } as const,
  ];
  t.same(lines(rules), ['deny a', 'allow c 10:229 rw', 'allow b *:* rm', ...defaults.slice(1)]);
  t.same(devices(rules)[1], {
    file: 'devices.allow',
    value: 'c 10:229 rw',
    field: 'linux.resources.devices[1]',
  });
});

t.test('a rule for all devices makes those before it void', async (t) => {
  t.same(lines([{ allow: false }, { allow: true, type: 'a', access: 'rwm' }]), ['allow a']);
  t.same(lines([char(true, 1, 11), { allow: false }]), ['deny a', ...defaults]);
});

t.test('what is taken back', async (t) => {
  const rules = [char(true, 8, 0, 'rw'), char(true, 8, 1, 'r'), char(false, 8, -1, 'w')];
  t.same(lines(rules), ['deny a', 'allow c 8:0 r', 'allow c 8:1 r', ...defaults]);
  t.same(lines([char(false, 8, -1)]), ['deny a', ...defaults], 'nothing to take back');
  const again = [char(true, 8, 0, 'rw'), char(false, 8, 0, 'rw'), char(true, 8, 0, 'w')];
  t.same(lines(again), ['deny a', 'allow c 8:0 w', ...defaults]);
});

t.test('a change of rules that are in force takes nothing else away', async (t) => {
  const none = { allow: false, access: 'rwm' };
  const before = [none, char(true, 8, 0, 'rw'), char(true, 8, 1, 'r')];
  const after = [...before, char(false, 8, -1, 'w'), char(true, 60, 0)];
  const kept = ['allow c 8:0 r', 'allow c 8:1 r'];
  t.same(lines(after, before), [...kept, 'allow c 60:0 rwm', ...defaults, 'deny c 8:0 w']);
  t.same(devices(after, before).at(-1)?.field, 'linux.resources.devices[3]', 'by the rule that does it');
  t.same(
    lines(before, after),
    ['allow c 8:0 rw', 'allow c 8:1 r', ...defaults, 'deny c 60:0 rwm'],
    'and back',
  );
  t.same(lines([none], []), defaults, 'which says nothing new');
  t.same(lines([{ allow: true }], before), ['allow a'], 'unless everything is to be different');

  const all = { allow: true, access: 'rwm' };
  t.same(lines([all, char(false, 60, 0)], [all]), ['deny c 60:0 rw']);
  t.same(lines([all], [all, char(false, 60, 0)]), ['allow c 60:0 rw']);
});

t.test('a part of an exception cannot be taken back', async (t) => {
  t.throws(() => lines([char(true, 8, -1), char(false, 8, 3, 'w')]), {
    code: 'CGROUP_DEVICES',
    field: 'linux.resources.devices[1]',
    message: /devices\[1\] \(c 8:3 w\) takes back a part of linux\.resources\.devices\[0\] \(c 8:\* rwm\)/,
  });
  t.doesNotThrow(() => lines([char(true, 8, -1, 'r'), char(false, 8, 3, 'w')]), 'another kind of access');
});

t.test('everything but some', async (t) => {
  t.same(
    lines([{ allow: true }, char(false, 10, 100)]),
    ['allow a', 'deny c 10:100 rw'],
    'a node can be made',
  );
  t.same(
    lines([{ allow: true }, char(false, 1, 3), char(false, 10, -1, 'w')]),
    ['allow a', 'deny c 10:* w'],
    'the default devices stay, unless a wider exception has them',
  );
});
