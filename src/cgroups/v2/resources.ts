// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { failedWith } from '../../linux/path.ts';
import type { Resources } from '../../spec/config.ts';
import { readCgroupFile, readCgroupFileIfThere, writeCgroupFile } from '../file.ts';
import type { CgroupWrite } from '../write.ts';
import { cpu } from './cpu.ts';
import { cpuset } from './cpuset.ts';
import { hugetlb } from './hugetlb.ts';
import { io } from './io.ts';
import { memory } from './memory.ts';
import { pids } from './pids.ts';
import { rdma } from './rdma.ts';
import { unified } from './unified.ts';
import { refuseVersion1Only } from './version1-only.ts';

/** Why controllers could not be enabled, by name. */
export type Failures = ReadonlyMap<string, RuntimeError>;

/** Sets the limits of a cgroup of version 2; a controller that could not be enabled is an error if it is needed. */
export function setResources(dir: string, resources: Resources, failures: Failures): void {
  refuseVersion1Only(resources);
  refuseLimitInUse(dir, resources);
  for (const [controller, values] of unifiedWrites(resources)) apply(dir, controller, values, failures);
}

/** Pure. The values of the files of version 2, by controller, in the order in which they are to be written. */
export function unifiedWrites(resources: Resources): [controller: string, CgroupWrite[]][] {
  return [
    ['memory', memory(resources)],
    ['cpu', cpu(resources)],
    ['cpuset', cpuset(resources)],
    ['pids', pids(resources)],
    ['io', io(resources)],
    ['hugetlb', hugetlb(resources)],
    ['rdma', rdma(resources)],
    // Last: it may say more exactly what the others have said.
    ...unified(resources),
  ];
}

function apply(dir: string, controller: string, writes: readonly CgroupWrite[], failures: Failures): void {
  const failure = failures.get(controller);
  for (const write of writes) {
    if (failure !== undefined) throw notEnabled(controller, failure, write.field);
    try {
      writeCgroupFile(dir, write);
    } catch (thrown) {
      // The core's own files need no controller.
      if (failedWith(thrown, 'ENOENT') && controller !== 'cgroup')
        refuseMissing(dir, controller, write.field);
      throw thrown;
    }
  }
}

/** A missing file has two reasons: this is the one that the kernel's errno does not tell. */
function refuseMissing(dir: string, controller: string, field: string | undefined): void {
  if (readCgroupFile(dir, 'cgroup.controllers').split(' ').includes(controller)) return;
  throw new RuntimeError(`${field}: cgroup controller ${controller} is not available in ${dir}`, {
    code: 'CGROUP_CONTROLLER',
    field,
    hint: 'the kernel lacks it, or a hierarchy of version 1 has it',
  });
}

/** Version 1 refuses by itself; version 2 would end processes until the limit is met. */
function refuseLimitInUse(dir: string, { memory: { limit = 0, checkBeforeUpdate } = {} }: Resources): void {
  if (!checkBeforeUpdate || limit <= 0) return;
  const used = Number(readCgroupFileIfThere(dir, 'memory.current'));
  if (used <= limit) return;
  const field = 'linux.resources.memory.limit';
  throw new RuntimeError(`${field}: ${limit} is below the ${used} bytes in use`, {
    code: 'CGROUP_SET',
    field,
    errno: 'EBUSY',
    hint: 'checkBeforeUpdate asks for this to be refused',
  });
}

function notEnabled(controller: string, failure: RuntimeError, field: string | undefined): RuntimeError {
  const { errno, hint } = failure;
  const message = `${field}: cgroup controller ${controller} cannot be enabled: ${failure.message}`;
  return new RuntimeError(message, { code: 'CGROUP_CONTROLLER', field, errno, hint }, failure);
}
