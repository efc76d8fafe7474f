import t from 'tap';
import { splitResources } from '../../../src/cgroups/v1/lacking.ts';

const hugepageLimits = [{ pageSize: '2MB', limit: 0 }];
const resources = {
  memory: { limit: 5 },
  cpu: { shares: 5 },
  blockIO: { weight: 0, throttleReadBpsDevice: [] },
  hugepageLimits,
  unified: { 'hugetlb.2MB.max': '0' },
};

t.test('version 1 has every controller', async (t) => {
  const { unified: _, ...version1 } = resources;
  t.same(
    splitResources(version1, () => true),
    { version1, version2: undefined },
  );
  t.same(
    splitResources({ unified: {} }, () => true),
    { version1: {}, version2: undefined },
  );
});

t.test('what it lacks is for version 2, and so is `unified`', async (t) => {
  const { memory, cpu, blockIO, unified } = resources;
  t.same(
    splitResources(resources, (controller) => controller === 'memory'),
    {
      version1: { memory, cpu, blockIO },
      version2: { hugepageLimits, unified },
    },
  );
  t.same(splitResources({ pids: { limit: 0 } }, () => false).version2, { pids: { limit: 0 } });
});
