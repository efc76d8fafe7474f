import t from 'tap';
import { RuntimeError } from '../../src/errors.ts';
import { exampleSpec } from '../../src/spec/example.ts';
import { validateSpec } from '../../src/spec/load.ts';
import { brokenConfigs } from '../fixtures/broken-configs.ts';

function base() {
  const example = exampleSpec({ rootless: false, cgroupns: false, euid: 0, egid: 0 });
  const config = structuredClone(example) as { process: { terminal: boolean } };
  config.process.terminal = false;
  return config;
}

function errorOf(config: unknown): unknown {
  try {
    validateSpec(config);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

t.equal(errorOf(base()), undefined, 'the base is valid');
t.ok(brokenConfigs.length >= 110, `${brokenConfigs.length} cases`);
t.equal(new Set(brokenConfigs.map(({ name }) => name)).size, brokenConfigs.length, 'the names are unique');

for (const { name, field, change, late } of brokenConfigs) {
  const config = base();
  change(config);
  const error = errorOf(config);
  if (late) {
    t.equal(error, undefined, `${name} (passes here)`);
    continue;
  }
  t.ok(error instanceof RuntimeError, name);
  const { message = '' } = error as RuntimeError;
  t.ok(message.includes(`${field}: `), `${name}: ${message}`);
  t.notMatch(message, /\n|\.$/, `${name}: one line`);
}
