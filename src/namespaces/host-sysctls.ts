// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { namespaceId } from '../linux/namespace.ts';
import { child } from '../spec/explain.ts';
import { namespaceTypeOf } from '../spec/rules/sysctl.ts';
import { sysctlPath } from '../spec/sysctl-path.ts';
import { namespaceKind } from './plan.ts';

/**
 * Refuses values of linux.sysctl for a namespace that is joined by path and is the caller's own after all: they would
 * change the host. `joined` are the identities of the namespaces that init joins.
 */
export function refuseHostSysctls(
  values: Readonly<Record<string, string>> = {},
  joined: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(values)) {
    const type = namespaceTypeOf(sysctlPath(name));
    const kind = type && namespaceKind(type);
    const id = kind && joined[kind];
    if (id === undefined || id !== namespaceId(`/proc/self/ns/${kind}`)) continue;
    const field = child('linux.sysctl', name);
    const reason = `would change the host: the ${type} namespace that is joined is its own`;
    throw new RuntimeError(`${field}: ${reason}`, { code: 'CONFIG_INVALID', field });
  }
}
