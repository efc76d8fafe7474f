import { setUmask } from '../linux/credentials.ts';
import { Fd } from '../linux/fd.ts';
import { joinNamespace } from '../linux/namespace.ts';
import { O_DIRECTORY, O_PATH, openPath } from '../linux/path.ts';
import { setDumpable } from '../linux/prctl.ts';
import { openProc } from '../linux/proc.ts';
import { newSession } from '../linux/tty.ts';
import { setInitialAffinity } from '../process/cpu-affinity.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { chrootInto, openRootfs } from '../rootfs/pivot.ts';
import { namespaceOf } from '../spec/query.ts';
import { joinCgroup } from './join-cgroup.ts';
import { joinKeyring } from './keyring.ts';
import { becomeProgram } from './tail.ts';
import { settleStreams } from './terminal.ts';
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
  // From the host's view of the files, which nobody in the container can have changed, unless it has left that already.
  const hasMounts = namespaceOf(spec, 'mount') !== undefined;
  const proc = openProc(request.joinMount !== undefined || !hasMounts);
  const rootfs = hasMounts ? undefined : openRootfs(request.rootfs);
  joinKeyring(request, proc);
  joinCgroup(request, host);
  if (request.joinMount !== undefined) joinNamespace(new Fd(request.joinMount), 'mnt');
  if (rootfs !== undefined) chrootInto(rootfs);
  // The kernel has made the root of the mount namespace that of this process.
  const root = openPath('/', O_PATH | O_DIRECTORY);
  settleStreams(request, { root, proc }, host);
  becomeProgram({ request, host, root, proc });
}
