import t from 'tap';
import { orMax, write } from '../../src/cgroups/write.ts';

t.same(write('pids.max', 5, 'pids.limit'), {
  file: 'pids.max',
  value: '5',
  field: 'linux.resources.pids.limit',
});
t.equal(orMax(-1), 'max');
t.equal(orMax(5), '5');
t.equal(write('x', 2 ** 64, 'y').value, '18446744073709551615', 'all digits, and not 2^64');
t.equal(write('x', 2 ** 63 - 4096, 'y').value, '9223372036854771712');
t.equal(write('x', -1, 'y').value, '-1');
t.equal(orMax(2 ** 63 - 4096), '9223372036854771712');
