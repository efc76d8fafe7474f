// Runs on the host.
import { asRuntimeError, RuntimeError } from '../../errors.ts';
import {
  attachDeviceProgram,
  attachedDevicePrograms,
  detachDeviceProgram,
  type Instruction,
  loadDeviceProgram,
  replaceDeviceProgram,
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
    const kept = program === undefined ? before : attach(cgroup, program, before);
    for (const old of kept) detachDeviceProgram(cgroup, old);
  } catch (thrown) {
    throw failure(dir, thrown);
  } finally {
    for (const old of before) old.close();
  }
}

/** Attaches a filter in the place of one of those from before; returns the others, which are no longer wanted. */
function attach(cgroup: Fd, program: Instruction[], before: readonly Fd[]): readonly Fd[] {
  using loaded = loadDeviceProgram(program);
  const [first, ...others] = before;
  if (first !== undefined && replaceDeviceProgram(cgroup, first, loaded)) return others;
  // Until the old ones are detached, only what both allow can be used.
  attachDeviceProgram(cgroup, loaded);
  return before;
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
