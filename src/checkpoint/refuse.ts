// Pure.
import { RuntimeError } from '../errors.ts';
import type { Spec } from '../spec/config.ts';
import { hasNew, namespaceOf, notifies } from '../spec/query.ts';

/** Refuses what criu would lose or cannot make again. `steps` are those of mounts[]. */
export function refuseForCriu(spec: Spec, steps: readonly { field: string; idmap: unknown }[]): void {
  if (!hasNew(spec, 'mount')) {
    throw refusal('linux.namespaces', 'the container has no mount namespace of its own');
  }
  for (const type of ['cgroup', 'user'] as const) {
    if (namespaceOf(spec, type)?.path)
      throw refusal('linux.namespaces', `a ${type} namespace is joined by path`);
  }
  if (notifies(spec.linux?.seccomp)) throw refusal('linux.seccomp', 'SCMP_ACT_NOTIFY has a listener outside');
  for (const { field, idmap } of steps)
    if (idmap !== false) throw refusal(field, 'owners are mapped (idmap)');
}

/** What criu cannot restore, and why. */
export function refusal(field: string, reason: string): RuntimeError {
  return new RuntimeError(`${field}: ${reason}, and criu cannot restore that`, {
    code: 'CRIU_UNSUPPORTED',
    field,
  });
}
