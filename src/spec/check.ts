import type { Document } from './config.ts';
import type { Problem } from './explain.ts';
import { blockIORules } from './rules/block-io.ts';
import { documentRules } from './rules/document.ts';
import { idMappingRules } from './rules/id-mappings.ts';
import { intelRdtRules } from './rules/intel-rdt.ts';
import { linuxRules } from './rules/linux.ts';
import { memoryPolicyRules } from './rules/memory-policy.ts';
import { mountRules } from './rules/mounts.ts';
import { namespaceRules } from './rules/namespaces.ts';
import { netDeviceRules } from './rules/net-devices.ts';
import { processRules } from './rules/process.ts';
import { resourceRules } from './rules/resources.ts';
import { problemsOf, type Rule } from './rules/rule.ts';
import { schedulingRules } from './rules/scheduling.ts';
import { seccompRules } from './rules/seccomp.ts';
import { sysctlRules } from './rules/sysctl.ts';

const rules: readonly Rule[] = [
  ...documentRules,
  ...processRules,
  ...schedulingRules,
  ...mountRules,
  ...namespaceRules,
  ...idMappingRules,
  ...netDeviceRules,
  ...linuxRules,
  ...resourceRules,
  ...blockIORules,
  ...sysctlRules,
  ...seccompRules,
  ...intelRdtRules,
  ...memoryPolicyRules,
];

/**
 * What is wrong in a config.json that its schema cannot say: things left out, combinations that cannot work,
 * values the kernel has no room for. Looks at nothing but the document.
 */
export function check(spec: Document): Problem[] {
  return problemsOf(spec, rules);
}
