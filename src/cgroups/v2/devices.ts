// Runs on the host.
import { asRuntimeError, RuntimeError } from '../../errors.ts';
import {
  attachDeviceProgram,
  attachedDevicePrograms,
  detachDeviceProgram,
  loadDeviceProgram,
} from '../../linux/bpf.ts';
import type { Fd } from '../../linux/fd.ts';
import { O_DIRECTORY, O_RDONLY, openPath } from '../../linux/path.ts';
import { SyscallError } from '../../linux/syscall.ts';
import type { DeviceRule } from '../../spec/config.ts';
import { deviceProgram } from './device-program.ts';

/**
 * Filters what the processes of a cgroup may do with devices. In place of the filters that a cgroup from before has,
 * as writing to devices.deny is in version 1; those of the cgroups above it hold as well.
 */
export function filterDevices(dir: string, rules: readonly DeviceRule[]): void {
  const before: Fd[] = [];
  try {
    using cgroup = openPath(dir, O_RDONLY | O_DIRECTORY);
    before.push(...attachedDevicePrograms(cgroup));
    const program = deviceProgram(rules);
    if (program !== undefined) {
      using loaded = loadDeviceProgram(program);
      attachDeviceProgram(cgroup, loaded);
    }
    for (const old of before) detachDeviceProgram(cgroup, old);
  } catch (thrown) {
    throw failure(dir, thrown);
  } finally {
    for (const old of before) old.close();
  }
}

function failure(dir: string, thrown: unknown): RuntimeError {
  const { message, errno } = asRuntimeError(thrown);
  const reason = thrown instanceof SyscallError ? thrown.reason : message;
  const field = 'linux.resources.devices';
  const action = `${field}: filter devices of cgroup ${dir}`;
  return new RuntimeError(
    `${action}: ${reason}`,
    { code: 'CGROUP_DEVICES', field, errno, hint: hintFor(errno) },
    thrown,
  );
}

function hintFor(errno: string | undefined): string | undefined {
  switch (errno) {
    case 'EPERM':
      return 'this needs CAP_BPF and CAP_NET_ADMIN, and no cgroup above that forbids further filters';
    case 'EINVAL':
    case 'ENOSYS':
      return 'the kernel needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF';
    case 'E2BIG':
      return 'there are too many filters in it, or too many rules';
    default:
      return undefined;
  }
}
