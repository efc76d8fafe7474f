import { RuntimeError } from '../errors.ts';
import { effectiveGroup, effectiveUser } from '../linux/credentials.ts';
import { namespaceId } from '../linux/namespace.ts';
import type { InitRequest, InitUser } from '../protocol/messages.ts';

/**
 * Makes sure that init is where it was sent: the call chain that brought it here goes on when a step of
 * it fails.
 */
export function verifyNamespaces({ joined, left, as }: InitRequest): void {
  for (const [kind, id] of Object.entries(joined)) {
    const found = namespaceId(`/proc/self/ns/${kind}`);
    if (found !== id) throw failure(`could not join ${id}, init is in ${found}`);
  }
  for (const [kind, id] of Object.entries(left)) {
    if (namespaceId(`/proc/self/ns/${kind}`) === id) throw failure(`could not make a new ${kind} namespace`);
  }
  if (joined.user !== undefined || left.user !== undefined) verifyUser(as);
}

/** Only as somebody who is mapped, and started as such, has it the capabilities that the rest of init takes. */
function verifyUser({ uid, gid }: InitUser = { uid: 0, gid: 0 }): void {
  const ids = [
    ['uidMappings', uid, effectiveUser()],
    ['gidMappings', gid, effectiveGroup()],
  ] as const;
  for (const [name, wanted, id] of ids) {
    if (id === wanted) continue;
    const field = `linux.${name}`;
    const reason = `the user namespace does not map the id ${wanted}, as which init runs before it becomes process.user`;
    throw new RuntimeError(`${field}: ${reason}`, { code: 'NOT_SUPPORTED', field });
  }
}

function failure(reason: string): RuntimeError {
  const hint =
    'are the namespaces joined by path of the right kind, and the limits in /proc/sys/user high enough?';
  const field = 'linux.namespaces';
  return new RuntimeError(`${field}: ${reason}`, { code: 'NAMESPACE_JOIN', field, hint });
}
