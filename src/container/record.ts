import type { Cgroup } from '../cgroups/types.ts';
import type { RdtPlan } from '../intel-rdt.ts';
import { readLink } from '../linux/file.ts';
import { namespaceId } from '../linux/namespace.ts';
import { processStat } from '../linux/proc.ts';
import { isFirstUserNamespace } from '../linux/user-namespace.ts';
import type { Spec } from '../spec/config.ts';
import type { ExactSeccomp } from '../spec/exact.ts';
import { namespaceOf, rootfsPath } from '../spec/query.ts';
import type { CreateOptions } from './options.ts';
import type { ContainerRecord } from './store.ts';

/** What belongs to a container besides its processes, and its profile with the numbers of config.json. */
export interface Parts {
  seccomp: ExactSeccomp | undefined;
  cgroup: Cgroup;
  rdt: RdtPlan | undefined;
}

/** What is written down of a new container whose init is `pid`. */
export function recordOf(
  options: CreateOptions,
  spec: Spec,
  pid: number,
  { cgroup, rdt, seccomp }: Parts,
): ContainerRecord {
  const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
  const names: Record<string, string> = { mnt: 'NEWNS' };
  return {
    id: options.id,
    bundle: options.bundle,
    rootfs: rootfsPath(spec, options.bundle),
    created: new Date().toISOString(),
    init_process_pid: pid,
    init_process_start: processStat(pid)?.startTime ?? 0,
    cgroup_paths: cgroup.paths,
    ...(cgroup.unit === undefined ? {} : { systemd_unit: cgroup.unit }),
    namespace_paths: Object.fromEntries(
      kinds.map((kind) => [names[kind] ?? `NEW${kind.toUpperCase()}`, `/proc/${pid}/ns/${kind}`]),
    ),
    ...sharedUserNamespace(spec),
    external_descriptors: streamNames(spec.process.terminal === true),
    ...(options.noNewKeyring ? { no_new_keyring: true as const } : {}),
    ...(rdt === undefined ? {} : { intel_rdt_path: rdt.group }),
    ...(rdt?.monitor === undefined ? {} : { intel_rdt_mon_path: rdt.monitor }),
    config: spec,
    ...(seccomp === undefined || seccomp === spec.linux?.seccomp ? {} : { exact_seccomp: seccomp }),
  };
}

function sharedUserNamespace(spec: Spec): Pick<ContainerRecord, 'user_namespace'> {
  if (namespaceOf(spec, 'user') !== undefined || isFirstUserNamespace()) return {};
  return { user_namespace: namespaceId('/proc/self/ns/user') };
}

/** Where the standard streams of a new container lead, as procfs names it: `pipe:[123]`, `/dev/null` … */
function streamNames(hasTerminal: boolean): string[] {
  const names: string[] = [];
  for (let fd = 0; fd <= 2; fd++) names.push(hasTerminal ? '/dev/null' : streamName(fd));
  return names;
}

function streamName(fd: number): string {
  try {
    return readLink(`/proc/self/fd/${fd}`);
  } catch {
    // It is closed.
    return '';
  }
}
