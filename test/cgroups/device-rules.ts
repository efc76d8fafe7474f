import t from 'tap';
import { defaultRules, devicePolicy } from '../../src/cgroups/device-rules.ts';

const FIELD = 'linux.resources.devices';

t.test('nothing is allowed until a rule says so', async (t) => {
  t.same(devicePolicy([]), { allow: false, field: FIELD, rules: [] });
});

t.test('rules in order, -1 and nothing mean all', async (t) => {
  const { allow, rules } = devicePolicy([
    { allow: true, type: 'c', major: 10, minor: -1, access: 'rw' },
    { allow: false, type: 'b', access: 'm' },
  ]);
  t.equal(allow, false);
  t.same(rules, [
    { allow: true, type: 'c', major: 10, minor: undefined, access: 'rw', field: `${FIELD}[0]` },
    { allow: false, type: 'b', major: undefined, minor: undefined, access: 'm', field: `${FIELD}[1]` },
  ]);
});

t.test('a rule for all devices makes those before it void', async (t) => {
  const rule = { allow: true, type: 'c', access: 'r' } as const;
  t.same(devicePolicy([rule, { allow: true, access: 'rwm' }]), {
    allow: true,
    field: `${FIELD}[1]`,
    rules: [],
  });
  t.match(devicePolicy([{ allow: true }, { allow: false, type: 'a' }, rule]), {
    allow: false,
    field: `${FIELD}[1]`,
    rules: [{ field: `${FIELD}[2]` }],
  });
});

t.test('a rule without access', async (t) => {
  const field = `${FIELD}[1].access`;
  t.throws(() => devicePolicy([{ allow: false }, { allow: true, type: 'c', major: 1, minor: 3 }]), {
    code: 'CONFIG_INVALID',
    field,
  });
});

t.test('the default devices are runc`s', async (t) => {
  const texts = defaultRules().map(
    ({ type, major, minor, access }) => `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`,
  );
  t.equal(texts.length, 11);
  for (const text of ['c *:* m', 'b *:* m', 'c 1:3 rwm', 'c 136:* rwm', 'c 5:2 rwm', 'c 10:200 rwm'])
    t.ok(texts.includes(text), text);
});
