import { setUmask } from '../linux/credentials.ts';
import { Fd } from '../linux/fd.ts';
import { joinNamespace } from '../linux/namespace.ts';
import { O_DIRECTORY, O_PATH, openPath } from '../linux/path.ts';
import { setDumpable } from '../linux/prctl.ts';
import { openProc } from '../linux/proc.ts';
import { newSession } from '../linux/tty.ts';
import { setInitialAffinity } from '../process/cpu-affinity.ts';
import { joinSessionKeyring } from '../process/keyring.ts';
import { reopenNull } from '../process/stdio.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { chrootInto, openRootfs } from '../rootfs/pivot.ts';
import { namespaceOf } from '../spec/query.ts';
import { joinCgroup } from './join-cgroup.ts';
import { becomeProgram } from './tail.ts';
import { giveTerminal } from './terminal.ts';
import { verifyNamespaces } from './verify.ts';

/** One more process of a container that is there: what createContainer makes is joined. */
export function enterContainer(request: InitRequest, host: HostChannel): never {
  const { spec } = request;
  // Nobody in the container may look into this process while it holds the host's descriptors (CVE-2016-9962).
  setDumpable(false);
  setUmask(0);
  newSession();
  setInitialAffinity(spec.process.execCPUAffinity);
  verifyNamespaces(request);
  // From the host's view of the files, which nobody in the container can have changed.
  const proc = openProc();
  const rootfs = namespaceOf(spec, 'mount') === undefined ? openRootfs(request.rootfs) : undefined;
  if (!request.noNewKeyring) {
    const hasUserNamespace = namespaceOf(spec, 'user') !== undefined;
    joinSessionKeyring(proc, { id: request.id, hasUserNamespace, label: spec.process.selinuxLabel });
  }
  joinCgroup(request, host);
  if (request.joinMount !== undefined) joinNamespace(new Fd(request.joinMount), 'mnt');
  if (rootfs !== undefined) chrootInto(rootfs);
  // The kernel has made the root of the mount namespace that of this process.
  const root = openPath('/', O_PATH | O_DIRECTORY);
  if (spec.process.terminal) giveTerminal(request, { root, proc }, host);
  else reopenNull(root, proc);
  becomeProgram({ request, host, root, proc });
}
