import t from 'tap';
import { pids } from '../../../src/cgroups/v2/pids.ts';

t.same(
  [20, -1, 0].map((limit) => pids({ pids: { limit } })[0]?.value),
  ['20', 'max', '1'],
);
