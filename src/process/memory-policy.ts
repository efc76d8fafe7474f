// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { setMemoryPolicy } from '../linux/sched.ts';
import type { MemoryPolicy, MemoryPolicyMode } from '../spec/config.ts';
import { MAX_NODE } from '../spec/rules/number-list.ts';

// Source: include/uapi/linux/mempolicy.h.
export const MEMORY_POLICY_MODES: readonly MemoryPolicyMode[] = [
  'MPOL_DEFAULT',
  'MPOL_PREFERRED',
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_LOCAL',
  'MPOL_PREFERRED_MANY',
  'MPOL_WEIGHTED_INTERLEAVE',
];
export const MEMORY_POLICY_FLAGS = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
} as const;

export interface MemoryPolicyPlan {
  /** Mode and flags. */
  mode: number;
  /** One bit for each node; empty for none. */
  nodes: Uint8Array;
}

/** Pure. */
export function planMemoryPolicy({ mode, nodes, flags = [] }: MemoryPolicy): MemoryPolicyPlan {
  const bits = flags.reduce((mask, flag) => mask | MEMORY_POLICY_FLAGS[flag], 0);
  return {
    mode: MEMORY_POLICY_MODES.indexOf(mode) | bits,
    nodes: nodes?.trim() ? nodeMask(nodes) : new Uint8Array(0),
  };
}

/** Of a list that its rule has found to be one. */
function nodeMask(list: string): Uint8Array {
  const mask = new Uint8Array((MAX_NODE + 1) / 8);
  for (const range of list.split(',')) {
    const [first = 0, last = first] = range.split('-').map(Number);
    for (let node = first; node <= last; node++)
      mask[node >> 3] = (mask[node >> 3] as number) | (1 << (node & 7));
  }
  return mask;
}

/** Sets linux.memoryPolicy, in the container's cgroup: cpuset.mems says which nodes there are. */
export function applyMemoryPolicy(policy: MemoryPolicy | undefined): void {
  if (policy === undefined) return;
  const field = 'linux.memoryPolicy';
  const apply = (): void => {
    const { mode, nodes } = planMemoryPolicy(policy);
    setMemoryPolicy(mode, nodes);
  };
  within(`${field}: set ${policy.mode} ${policy.nodes ?? ''}`.trimEnd(), apply, {
    field,
    hint: 'nodes must be online and allowed by cpuset.mems; each mode and flag has a kernel that it came with, see set_mempolicy(2)',
  });
}
