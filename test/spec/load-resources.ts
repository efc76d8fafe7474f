import t from 'tap';
import { validateResources } from '../../src/spec/load-resources.ts';
import { complete } from '../fixtures/good-configs.ts';

t.equal(validateResources(complete.linux.resources), complete.linux.resources);
t.throws(() => validateResources({ pids: {}, devices: 7 }), {
  code: 'RESOURCES_INVALID',
  field: 'devices',
  message: 'resources: devices: must be a list, found 7; pids.limit: is missing',
});
t.throws(() => validateResources({ pids: { limit: -2 }, blockIO: { weight: 5 } }), {
  code: 'RESOURCES_INVALID',
  message:
    'resources: pids.limit: must be -1 (no limit) or more, found -2; blockIO.weight: must be from 10 to 1000, found 5',
});
for (const document of [null, [], 'x'])
  t.throws(() => validateResources(document), /^resources: must be an object/);
