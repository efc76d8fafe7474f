import type { Fd } from '../linux/fd.ts';
import { joinSessionKeyring } from '../process/keyring.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { namespaceOf } from '../spec/query.ts';

/** Makes the container's session keyring, or finds it, unless the caller's is to be kept. */
export function joinKeyring({ spec, id, noNewKeyring }: InitRequest, proc: Fd): void {
  if (noNewKeyring) return;
  const hasUserNamespace = namespaceOf(spec, 'user') !== undefined;
  joinSessionKeyring(proc, { id, hasUserNamespace, label: spec.process.selinuxLabel });
}
