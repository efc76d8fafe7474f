import t from 'tap';
import { refuseUnsupported } from '../../src/cgroups/unsupported.ts';

t.test('what engines send when nothing is asked for', async (t) => {
  refuseUnsupported({});
  refuseUnsupported({
    blockIO: { weight: 0, weightDevice: [], throttleReadBpsDevice: [] },
    hugepageLimits: [],
    network: { priorities: [] },
    rdma: {},
    unified: {},
  });
  t.pass('accepted');
});

t.test('what is not carried out', async (t) => {
  for (const resources of [
    { blockIO: { weight: 10 } },
    { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] },
    { network: { classID: 1 } },
    { rdma: { mlx5_0: { hcaHandles: 1 } } },
    { unified: { 'memory.high': '5' } },
  ]) {
    const field = `linux.resources.${Object.keys(resources)[0]}`;
    t.throws(() => refuseUnsupported(resources), { code: 'NOT_SUPPORTED', field });
  }
});
