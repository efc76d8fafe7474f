// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/**
 * linux.resources.hugepageLimits as files of the v1 controller: the limit on reservations, which Linux has since 5.7,
 * and the one on use. 0 is a limit like any other.
 */
export function hugetlb({ hugepageLimits = [] }: Resources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const [index, { pageSize, limit }] of hugepageLimits.entries()) {
    const property = `hugepageLimits[${index}].limit`;
    writes.push(write(`hugetlb.${pageSize}.limit_in_bytes`, limit, property));
    writes.push({ ...write(`hugetlb.${pageSize}.rsvd.limit_in_bytes`, limit, property), optional: true });
  }
  return writes;
}
