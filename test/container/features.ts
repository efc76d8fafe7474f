import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { features } from '../../src/container/features.ts';
import { planCapabilities } from '../../src/process/capabilities.ts';
import { mountOptions } from '../../src/rootfs/mount-options.ts';
import { check } from '../../src/spec/check.ts';
import { validate } from '../../src/spec/generated/validate-features.js';
import { minimal } from '../fixtures/good-configs.ts';
import { missingIn } from '../helpers/schema.ts';

const document = features(process.env);

t.test('is what the specification asks for', async (t) => {
  t.ok(validate(document), JSON.stringify(validate.errors));
  t.same(document, JSON.parse(JSON.stringify(document)), 'nothing that JSON leaves out');
  for (const ociVersion of [document.ociVersionMin, document.ociVersionMax]) {
    t.same(check({ ...minimal, ociVersion }), [], `${ociVersion} is accepted`);
  }
});

t.test('says something about everything', async (t) => {
  const left = missingIn(document, 'features.json');
  // The names of what is not there would mislead.
  const expected = document.linux?.seccomp?.enabled ? [] : left.filter((field) => /seccomp\./.test(field));
  t.same(left, expected);
});

t.test('every name is recognized', async (t) => {
  const { linux = {}, mountOptions: options = [] } = document;
  t.ok(options.length > 30);
  for (const option of options) t.same(mountOptions([option]).parameters, [], option);
  t.same(options, [...options].sort());
  t.equal(linux.capabilities?.length, 41);
  t.same(planCapabilities({ bounding: linux.capabilities ?? [] }).unknown, []);
  t.same(linux.namespaces, ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts']);
});

t.test('checkpoints can be asked for where there is a criu', async (t) => {
  const directory = t.testdir();
  const enabled = () =>
    features({ PATH: directory }).annotations?.['org.opencontainers.runc.checkpoint.enabled'];
  t.equal(enabled(), 'false');
  writeFileSync(join(directory, 'criu'), '', { mode: 0o755 });
  t.equal(enabled(), 'true');
});
