import { orWarn } from '../cgroups/saved.ts';
import { RuntimeError } from '../errors.ts';
import { findResctrl, planRdt, setSchemata } from '../intel-rdt.ts';
import type { IntelRdt, Resources } from '../spec/config.ts';
import { updateResources } from '../spec/update.ts';
import { cgroupOf } from './cgroup.ts';
import type { ContainerOptions } from './options.ts';
import { statusOf } from './status.ts';
import { type ContainerRecord, lock, readRecord, rewrite } from './store.ts';

/** What of linux.intelRdt an update can change. */
export type RdtSchemas = Pick<IntelRdt, 'l3CacheSchema' | 'memBwSchema'>;

/** The `update` command: other limits for a container that is there. All of them, or none. */
export function update(options: ContainerOptions, change: Resources, schemas: RdtSchemas = {}): void {
  using _lock = lock(options);
  const record = readRecord(options);
  const status = statusOf(options, record);
  if (status === 'stopped' || status === 'creating') {
    throw new RuntimeError(`container not running: it is ${status}`, { code: 'NOT_RUNNING' });
  }
  const { config } = record;
  const intelRdt = changedRdt(record, schemas);
  const resources = config.linux?.resources ?? {};
  const { merged, touched } = updateResources(resources, change);
  const { devices } = touched;
  const inForce = resources.devices ?? [];
  const linux = { ...config.linux, resources: merged, ...(intelRdt === undefined ? {} : { intelRdt }) };
  const cgroup = cgroupOf(options, record);
  const saved = cgroup.save(touched);
  try {
    cgroup.set(touched);
    if (devices !== undefined) cgroup.setDevices(devices, inForce);
    if (intelRdt !== undefined) setSchemata(planRdt(intelRdt, record.id, findResctrl()));
    rewrite(options, { ...record, config: { ...config, linux } });
  } catch (error) {
    cgroup.restore(saved);
    if (devices !== undefined) orWarn(() => cgroup.setDevices(inForce, devices));
    throw error;
  }
}

/** linux.intelRdt with other schemas; undefined when none are asked for. */
function changedRdt({ config }: ContainerRecord, schemas: RdtSchemas): IntelRdt | undefined {
  if (schemas.l3CacheSchema === undefined && schemas.memBwSchema === undefined) return undefined;
  const { intelRdt } = config.linux ?? {};
  if (intelRdt !== undefined) return { ...intelRdt, ...schemas };
  const field = 'linux.intelRdt';
  throw new RuntimeError(`${field}: the container was created without it and has no group to change`, {
    code: 'BAD_STATUS',
    field,
  });
}
