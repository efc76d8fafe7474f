import t from 'tap';
import { orMax, write } from '../../src/cgroups/write.ts';

t.same(write('pids.max', 5, 'pids.limit'), {
  file: 'pids.max',
  value: '5',
  field: 'linux.resources.pids.limit',
});
t.equal(orMax(-1), 'max');
t.equal(orMax(5), '5');
