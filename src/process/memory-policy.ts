// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { setMemoryPolicy } from '../linux/sched.ts';
import type { MemoryPolicy, MemoryPolicyMode } from '../spec/config.ts';
import { bitmapOf } from '../spec/number-list.ts';

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
    nodes: bitmapOf(nodes ?? ''),
  };
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
    code: 'PROCESS_SET',
    field,
    hint: 'nodes must be online and allowed by cpuset.mems; each mode and flag has a kernel that it came with, see set_mempolicy(2)',
  });
}
