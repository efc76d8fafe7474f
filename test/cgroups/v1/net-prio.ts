import t from 'tap';
import { netPrio } from '../../../src/cgroups/v1/net-prio.ts';

t.same(netPrio({}), []);
t.same(netPrio({ network: { priorities: [] } }), []);
t.match(
  netPrio({
    network: {
      priorities: [
        { name: 'eth0', priority: 500 },
        { name: 'lo', priority: 0 },
      ],
    },
  }),
  [
    { file: 'net_prio.ifpriomap', value: 'eth0 500', field: 'linux.resources.network.priorities[0]' },
    { file: 'net_prio.ifpriomap', value: 'lo 0', field: 'linux.resources.network.priorities[1]' },
  ],
);
