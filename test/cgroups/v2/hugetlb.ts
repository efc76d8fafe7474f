import t from 'tap';
import { hugetlb } from '../../../src/cgroups/v2/hugetlb.ts';

t.same(hugetlb({}), []);
t.match(hugetlb({ hugepageLimits: [{ pageSize: '1GB', limit: 2 ** 63 - 4096 }] }), [
  {
    file: 'hugetlb.1GB.max',
    value: '9223372036854771712',
    field: 'linux.resources.hugepageLimits[0].limit',
    optional: undefined,
  },
  { file: 'hugetlb.1GB.rsvd.max', value: '9223372036854771712', optional: true },
]);
