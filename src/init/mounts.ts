import { RuntimeError } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { mountIdOf } from '../linux/stat.ts';
import { resolve } from '../posix-path.ts';
import type { HostChannel } from '../protocol/channel.ts';
import type { InitRequest } from '../protocol/messages.ts';
import { type CgroupView, mountCgroup } from '../rootfs/cgroup-mount.ts';
import { makeDevLinks } from '../rootfs/dev-links.ts';
import { makeDevices } from '../rootfs/devices.ts';
import { type MountContext, runMountStep } from '../rootfs/mount.ts';
import { type MountStep, planMounts } from '../rootfs/mount-plan.ts';
import { plainPath } from '../rootfs/mounted.ts';
import { mountRootfs } from '../rootfs/pivot.ts';
import { detachPropagation } from '../rootfs/propagation.ts';
import type { Device, Spec } from '../spec/config.ts';
import { DEFAULT_DEVICES } from '../spec/defaults.ts';

/** The rootfs and what is mounted in it, in the order of config.json: later mounts may lie in earlier ones. */
export function mountAll(request: InitRequest, host: HostChannel, cgroup: () => CgroupView): MountContext {
  const { spec, rootfs } = request;
  const steps = planMounts(spec, request.bundle);
  const opened = receiveSources(request.sources, steps, host);
  if (request.joinMount === undefined) detachPropagation(spec.linux?.rootfsPropagation, rootfs);
  const root = mountRootfs(rootfs);
  const own = new Set([mountIdOf(root)]);
  const paths = comeBackTo(spec, steps);
  const context: MountContext = { root, own, label: spec.linux?.mountLabel, opened, mounts: [], paths };
  for (const step of steps) {
    // What is copied into a tmpfs is memory of the container.
    if (step.copyUp) cgroup();
    if (step.kind === 'cgroup') mountCgroup(step, cgroup(), context);
    else runMountStep(step, context);
  }
  // Where it is the host's own, its nodes and links are not ours to make.
  const isHosts = steps.some(
    ({ kind, type, destination }) => destination === '/dev' && (kind === 'bind' || type === 'devtmpfs'),
  );
  if (!isHosts) populateDev(context, spec.linux?.devices ?? []);
  return context;
}

/** The paths that something will be done to in mounts that are there, as far as it is plain where they lead. */
function comeBackTo({ linux = {} }: Spec, steps: readonly MountStep[]): string[] {
  const remounted = steps.filter(({ kind }) => kind === 'remount').map(({ destination }) => destination);
  const paths = [...(linux.maskedPaths ?? []), ...(linux.readonlyPaths ?? []), ...remounted];
  return paths.map(plainPath).filter((path) => path !== undefined);
}

/** What the host has opened in this mount namespace, in the order of the steps. */
function receiveSources(count: number, steps: readonly MountStep[], host: HostChannel): Map<MountStep, Fd> {
  if (count === 0) return new Map();
  const fds = host.receiveFds(count);
  if (fds.length < count) throw new RuntimeError('the host has ended', { code: 'PROTOCOL' });
  const wanted = steps.filter(({ fromHost }) => fromHost);
  return new Map(wanted.map((step, index) => [step, fds[index] as Fd]));
}

function populateDev(place: MountContext, devices: readonly Device[]): void {
  const own = devices.map(({ path }) => resolve('/', path));
  const defaults = DEFAULT_DEVICES.filter(({ path }) => !own.includes(path));
  makeDevices(place, defaults, 'default devices');
  makeDevices(place, devices, 'linux.devices');
  makeDevLinks(place);
}
