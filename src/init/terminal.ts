import { openTerminal, useTerminal } from '../console/pty.ts';
import type { Fd } from '../linux/fd.ts';
import { setWindowSize } from '../linux/tty.ts';
import { reopenNull } from '../process/stdio.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { mountConsole } from '../rootfs/dev-console.ts';

export interface Place {
  /** Handles of the container's root and of a trusted procfs. */
  root: Fd;
  proc: Fd;
  /** See OwnPlace; the container's first process has it. */
  own?: ReadonlySet<bigint>;
}

/** What the program's standard streams are: a terminal of its own, or those that this process has. */
export function settleStreams(request: InitRequest, place: Place, host: HostChannel): void {
  if (request.spec.process.terminal) giveTerminal(request, place, host);
  else reopenNull(place.root, place.proc);
}

/** process.terminal: a new terminal for the program, whose other end goes to the host. */
function giveTerminal({ spec }: InitRequest, { root, proc, own }: Place, host: HostChannel): void {
  const { master, slave } = openTerminal(root, proc);
  const { consoleSize } = spec.process;
  if (consoleSize !== undefined) setWindowSize(slave, consoleSize);
  // Without a mount namespace it would be mounted on the host; and there is one console, the first program's.
  if (own !== undefined) mountConsole({ root, own }, slave);
  host.send({ type: 'terminal' });
  host.sendFds([master]);
  master.close();
  useTerminal(slave);
}
