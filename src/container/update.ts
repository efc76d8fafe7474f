import { asRuntimeError, RuntimeError } from '../errors.ts';
import { log } from '../log.ts';
import type { Resources } from '../spec/config.ts';
import { undoUpdate, updateResources } from '../spec/update.ts';
import { cgroupOf } from './cgroup.ts';
import type { ContainerOptions } from './options.ts';
import { statusOf } from './status.ts';
import { lock, readRecord, rewrite } from './store.ts';

/** The `update` command: other limits for a container that is there. All of them, or none. */
export function update(options: ContainerOptions, change: Resources): void {
  using _lock = lock(options);
  const record = readRecord(options);
  const status = statusOf(options, record);
  if (status === 'stopped' || status === 'creating') {
    throw new RuntimeError(`container not running: it is ${status}`, { code: 'NOT_RUNNING' });
  }
  const { config } = record;
  const { merged, touched } = updateResources(config.linux?.resources ?? {}, change);
  const cgroup = cgroupOf(options, record);
  try {
    cgroup.set(touched);
    if (touched.devices !== undefined)
      cgroup.setDevices(touched.devices, config.linux?.resources?.devices?.length);
  } catch (error) {
    rollBack(() => {
      cgroup.set(undoUpdate(config.linux?.resources ?? {}, touched));
      if (touched.devices !== undefined) cgroup.setDevices(config.linux?.resources?.devices ?? []);
    });
    throw error;
  }
  rewrite(options, { ...record, config: { ...config, linux: { ...config.linux, resources: merged } } });
}

function rollBack(action: () => void): void {
  try {
    action();
  } catch (thrown) {
    log.warning(`while setting back the limits: ${asRuntimeError(thrown).message}`);
  }
}
