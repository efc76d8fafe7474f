import t from 'tap';
import { exampleSpec } from '../../src/spec/example.ts';
import { validateSpec } from '../../src/spec/load.ts';
import { hasNew } from '../../src/spec/query.ts';

const caller = { euid: 1000, egid: 1001 };

t.test('is a valid config', async (t) => {
  for (const rootless of [true, false]) {
    for (const cgroupns of [true, false]) {
      const spec = exampleSpec({ rootless, cgroupns, ...caller });
      t.same(validateSpec(JSON.parse(JSON.stringify(spec))), spec);
      t.equal(hasNew(spec, 'cgroup'), cgroupns);
    }
  }
});

t.test('of root', async (t) => {
  const { linux, hostname, process } = exampleSpec({ rootless: false, cgroupns: false, ...caller });
  t.equal(hostname, 'trunc');
  t.equal(process.terminal, true);
  t.same(
    linux?.namespaces?.map(({ type }) => type),
    ['pid', 'ipc', 'uts', 'mount', 'network'],
  );
  t.equal(linux?.uidMappings, undefined);
  t.same(linux?.resources?.devices, [{ allow: false, access: 'rwm' }]);
});

t.test('rootless', async (t) => {
  const { linux, mounts = [] } = exampleSpec({ rootless: true, cgroupns: false, ...caller });
  t.same(
    linux?.namespaces?.map(({ type }) => type),
    ['pid', 'ipc', 'uts', 'mount', 'user'],
  );
  t.same(linux?.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  t.same(linux?.gidMappings, [{ containerID: 0, hostID: 1001, size: 1 }]);
  t.equal(linux?.resources, undefined);
  t.same(
    mounts.flatMap(({ options = [] }) => options).filter((option) => /^[ug]id=/.test(option)),
    [],
  );
  t.match(mounts.find(({ destination }) => destination === '/sys')?.options, ['rbind']);
});
