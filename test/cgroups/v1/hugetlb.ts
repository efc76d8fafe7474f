import t from 'tap';
import { hugetlb } from '../../../src/cgroups/v1/hugetlb.ts';

t.same(hugetlb({}), []);
t.same(hugetlb({ hugepageLimits: [{ pageSize: '2MB', limit: 0 }] }), [
  { file: 'hugetlb.2MB.limit_in_bytes', value: '0', field: 'linux.resources.hugepageLimits[0].limit' },
  {
    file: 'hugetlb.2MB.rsvd.limit_in_bytes',
    value: '0',
    field: 'linux.resources.hugepageLimits[0].limit',
    optional: true,
  },
]);
