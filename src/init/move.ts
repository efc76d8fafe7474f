import { within } from '../errors.ts';
import { Fd } from '../linux/fd.ts';
import { moveInto } from '../linux/move.ts';
import type { HostChannel } from '../protocol/channel.ts';

/** To the namespaces of others, from outside, where init was started: `move` of protocol/messages.ts. */
export function moveToNamespaces(host: HostChannel): void {
  const move = host.receive('move');
  if (move === undefined) return;
  const { fresh, as } = move;
  using user = move.user === undefined ? undefined : new Fd(move.user);
  const join = move.join.map(({ kind, fd }) => ({ kind, fd: new Fd(fd) }));
  const field = 'linux.namespaces';
  const pid = within(`${field}: enter the namespaces`, () => moveInto({ user, join, fresh, as }), {
    code: 'NAMESPACE_JOIN',
    field,
    hint: 'does it map the ids that the container has, and are the limits in /proc/sys/user high enough?',
  });
  for (const { fd } of join) fd.close();
  host.send({ type: 'moved', pid });
}
