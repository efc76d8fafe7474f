import t from 'tap';
import { validate as validateProcess } from '../../src/spec/generated/validate-process.js';
import { validate as validateResources } from '../../src/spec/generated/validate-resources.js';
import { complete, minimal } from '../fixtures/good-configs.ts';

t.test('process.json, for exec', async (t) => {
  t.ok(validateProcess(complete.process));
  t.ok(validateProcess(minimal.process));
  for (const wrong of [{ cwd: undefined }, { args: 'sh' }, { user: { uid: -1 } }, { terminal: 1 }]) {
    t.notOk(validateProcess({ ...minimal.process, ...wrong }), JSON.stringify(wrong));
  }
});

t.test('resources.json, for update', async (t) => {
  t.ok(validateResources(complete.linux.resources));
  t.ok(validateResources({}));
  for (const wrong of [{ pids: {} }, { memory: { limit: '1g' } }, { devices: {} }, { unified: { a: 1 } }]) {
    t.notOk(validateResources(wrong), JSON.stringify(wrong));
  }
});
