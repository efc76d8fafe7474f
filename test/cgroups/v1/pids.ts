import t from 'tap';
import { pids } from '../../../src/cgroups/v1/pids.ts';

const value = (limit: number) => pids({ pids: { limit } })[0]?.value;

t.same(pids({}), []);
t.same(pids({ pids: { limit: 20 } }), [
  { file: 'pids.max', value: '20', field: 'linux.resources.pids.limit' },
]);
t.equal(value(-1), 'max');
t.equal(value(1), '1');
t.equal(value(0), '1', 'no process but the first');
