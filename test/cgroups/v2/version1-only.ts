import t from 'tap';
import { refuseVersion1Only } from '../../../src/cgroups/v2/version1-only.ts';

t.test('what asks for nothing, and what version 2 has', async (t) => {
  refuseVersion1Only({});
  refuseVersion1Only({
    memory: {
      limit: 5,
      kernel: 5,
      kernelTCP: -1,
      swappiness: 2 ** 64,
      disableOOMKiller: false,
      useHierarchy: true,
    },
    cpu: { realtimeRuntime: 0, realtimePeriod: 0 },
    blockIO: { weight: 5, leafWeight: 0, weightDevice: [{ major: 8, minor: 0, weight: 5, leafWeight: 0 }] },
    network: { classID: 0, priorities: [] },
  });
  t.pass('accepted');
});

for (const [property, resources] of [
  ['memory.kernelTCP', { memory: { kernelTCP: 5 } }],
  ['memory.swappiness', { memory: { swappiness: 0 } }],
  ['memory.disableOOMKiller', { memory: { disableOOMKiller: true } }],
  ['cpu.realtimeRuntime', { cpu: { realtimeRuntime: 5 } }],
  ['cpu.realtimePeriod', { cpu: { realtimePeriod: 5 } }],
  ['blockIO.leafWeight', { blockIO: { leafWeight: 5 } }],
  ['blockIO.weightDevice', { blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 5 }] } }],
  ['network.classID', { network: { classID: 5 } }],
  ['network.priorities', { network: { priorities: [{ name: 'lo', priority: 0 }] } }],
] as const) {
  t.test(property, async (t) => {
    const field = `linux.resources.${property}`;
    t.throws(() => refuseVersion1Only(resources), {
      code: 'CGROUP_VERSION',
      field,
      message: `${field} exists in cgroup version 1 only, and this is version 2`,
    });
  });
}
