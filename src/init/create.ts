import { within } from '../errors.ts';
import { setUmask } from '../linux/credentials.ts';
import { Fd } from '../linux/fd.ts';
import { readFile } from '../linux/file.ts';
import { changeMount, cloneMount, MS_PRIVATE } from '../linux/mount.ts';
import { joinNamespace } from '../linux/namespace.ts';
import { openNetlink } from '../linux/netlink.ts';
import { LOOPBACK_INDEX, setLinkUp } from '../linux/network-interface.ts';
import { setDumpable } from '../linux/prctl.ts';
import { openProc } from '../linux/proc.ts';
import { newSession } from '../linux/tty.ts';
import { setDomainname, setHostname } from '../namespaces/hostname.ts';
import { setSysctls } from '../namespaces/sysctl.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { type CgroupView, parseHierarchies, wholeHierarchy } from '../rootfs/cgroup-mount.ts';
import { maskPaths } from '../rootfs/masked-paths.ts';
import { chrootInto, moveInto, openRootfs, pivotInto } from '../rootfs/pivot.ts';
import { setRootPropagation } from '../rootfs/propagation.ts';
import { makePathsReadonly, makeReadonly } from '../rootfs/readonly-paths.ts';
import { openDirectory } from '../rootfs/resolve.ts';
import { hasNetDevices, hasNew, namespaceOf } from '../spec/query.ts';
import { runCreateHooks } from './container-hooks.ts';
import { joinCgroup } from './join-cgroup.ts';
import { joinKeyring } from './keyring.ts';
import { mountAll } from './mounts.ts';
import { becomeProgram } from './tail.ts';
import { settleStreams } from './terminal.ts';
import { verifyNamespaces } from './verify.ts';

/** The first process of a container: the table of contents of what a container is. Each step has its place. */
export function createContainer(request: InitRequest, host: HostChannel): never {
  const { spec } = request;
  // No process of a namespace that is joined may look into this one while it holds the host's descriptors.
  setDumpable(request.traceable === true);
  // Modes in config.json are meant as they stand.
  setUmask(0);
  // Not the caller's session: the program could type on its terminal.
  newSession();
  verifyNamespaces(request);
  if (request.sources > 0 || hasNetDevices(spec)) host.send({ type: 'arrived' });
  // All paths of config.json are those of a mount namespace that is joined.
  if (request.joinMount !== undefined) joinNamespace(new Fd(request.joinMount), 'mnt');
  // From the host's view of the files, which no image can have prepared.
  const proc = openProc();
  const hostNull = cloneMount('/dev/null', false);
  // What is mounted on a masked path, by another one or by the program, would be mounted on the host's /dev/null.
  changeMount(hostNull, { set: 0, clear: 0, propagation: MS_PRIVATE });
  joinKeyring(request, proc);
  if (hasNew(spec, 'network')) setLoopbackUp();

  const cgroup = lazyCgroup(request, host);
  const hasMounts = namespaceOf(spec, 'mount') !== undefined;
  const { root, mounts, own } = hasMounts
    ? mountAll(request, host, cgroup)
    : { root: openRootfs(request.rootfs), mounts: [], own: undefined };
  // At the latest now: what follows is the container's own doing.
  cgroup();
  runCreateHooks(request, host);

  if (!hasMounts) chrootInto(root);
  else if (request.noPivot) moveInto(request.rootfs, root);
  else pivotInto(root);
  if (spec.linux?.rootfsPropagation !== undefined) setRootPropagation(spec.linux.rootfsPropagation);
  // While the rootfs can still be written to.
  makeCwd(root, spec.process.cwd);
  settleStreams(request, { root, proc, ...(own && { own }) }, host);

  if (spec.hostname) setHostname(spec.hostname);
  if (spec.domainname) setDomainname(spec.domainname);
  // Before /proc/sys may become read-only.
  setSysctls(proc, spec.linux?.sysctl ?? {});
  for (const { mounted, isLate } of mounts) if (isLate) makeReadonly(mounted);
  makePathsReadonly({ root, mounts }, spec.linux?.readonlyPaths ?? []);
  maskPaths({ root, mounts }, spec.linux ?? {}, hostNull);
  if (spec.root?.readonly) makeReadonly(root);
  becomeProgram({ request, host, root, proc });
}

function setLoopbackUp(): void {
  using socket = openNetlink();
  setLinkUp(socket, LOOPBACK_INDEX);
}

function makeCwd(root: Fd, cwd: string): void {
  const field = 'process.cwd';
  within(`${field}: make ${cwd}`, () => openDirectory(root, cwd).fd.close(), { code: 'CWD', field });
}

/** Joins the container's cgroup, once, when its view is needed; a cgroup namespace has its root there. */
function lazyCgroup(request: InitRequest, host: HostChannel): () => CgroupView {
  let view: CgroupView | undefined;
  return () => {
    view ??= viewCgroup(request, host);
    return view;
  };
}

function viewCgroup(request: InitRequest, host: HostChannel): CgroupView {
  joinCgroup(request, host);
  const own = readFile('/proc/self/cgroup');
  const hasNamespace = namespaceOf(request.spec, 'cgroup') !== undefined;
  return {
    hierarchies: parseHierarchies(own),
    paths: request.cgroupPaths,
    hasNamespace,
    whole: hasNamespace ? undefined : wholeHierarchy(own, request.cgroupPaths['']),
  };
}
