// Pure.
import type { Resources } from '../../spec/config.ts';
import { hugetlb } from '../v2/hugetlb.ts';
import { io } from '../v2/io.ts';
import { memory } from '../v2/memory.ts';
import { pids } from '../v2/pids.ts';
import { rdma } from '../v2/rdma.ts';

/** The properties that one controller of v1 carries out, and how version 2 does. */
const CONTROLLERS = [
  ['memory', 'memory', memory],
  ['pids', 'pids', pids],
  ['blockIO', 'blkio', io],
  ['hugepageLimits', 'hugetlb', hugetlb],
  ['rdma', 'rdma', rdma],
] as const;

/** What each half of a hybrid host is to do; undefined: nothing. */
interface Split {
  version1: Resources;
  version2: Resources | undefined;
}

/**
 * Version 2 does `unified`, and whatever belongs to a controller that no hierarchy of version 1 has; `has` tells whether
 * one does. The specification allows for this conversion.
 */
export function splitResources(resources: Resources, has: (controller: string) => boolean): Split {
  const { unified = {}, ...version1 } = resources as Record<string, object>;
  const version2: Record<string, object> = Object.keys(unified).length > 0 ? { unified } : {};
  for (const [property, controller, writes] of CONTROLLERS) {
    const value = version1[property];
    if (value === undefined || has(controller) || writes(resources).length === 0) continue;
    version2[property] = value;
    delete version1[property];
  }
  return { version1, version2: Object.keys(version2).length > 0 ? version2 : undefined };
}
