import type { Document } from '../config.ts';
import { listProblem, MAX_NODE } from './number-list.ts';
import type { Report, Rule } from './rule.ts';

const FIELD = 'linux.memoryPolicy';

/** What set_mempolicy(2) would refuse. */
function memoryPolicy({ linux }: Document, report: Report): void {
  const policy = linux?.memoryPolicy;
  if (!policy) return;
  const { mode, flags = [] } = policy;
  const nodes = policy.nodes?.trim();
  const none = mode === 'MPOL_DEFAULT' || mode === 'MPOL_LOCAL';
  if (nodes) {
    const problem = none ? `must not be there: ${mode} takes none` : listProblem(nodes, MAX_NODE);
    if (problem) report(`${FIELD}.nodes`, problem);
  } else if (!none && mode !== 'MPOL_PREFERRED') {
    report(`${FIELD}.nodes`, `is missing: ${mode} needs it`);
  }
  const isStatic = flags.includes('MPOL_F_STATIC_NODES');
  const isRelative = flags.includes('MPOL_F_RELATIVE_NODES');
  if (isStatic && isRelative)
    report(`${FIELD}.flags`, 'must not have both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES');
  else if ((isStatic || isRelative) && !nodes && mode !== 'MPOL_DEFAULT')
    report(`${FIELD}.flags`, 'are about nodes, and there are none');
  if (flags.includes('MPOL_F_NUMA_BALANCING') && mode !== 'MPOL_BIND' && mode !== 'MPOL_PREFERRED_MANY')
    report(`${FIELD}.flags`, 'must have MPOL_F_NUMA_BALANCING only with MPOL_BIND or MPOL_PREFERRED_MANY');
}

export const memoryPolicyRules: readonly Rule[] = [memoryPolicy];
