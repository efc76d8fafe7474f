import type { Capabilities, Process } from './config.ts';

/** What options say about a process; undefined leaves it as it is. */
export interface ProcessChange {
  args: readonly string[];
  terminal: boolean;
  /** Added; the last one of a name counts. */
  env: readonly string[];
  /** Added. */
  capabilities: readonly string[];
  noNewPrivileges: boolean;
  user: { uid?: number; gid?: number; additionalGids: readonly number[] };
  cwd: string | undefined;
  selinuxLabel: string | undefined;
  apparmorProfile: string | undefined;
}

/** The process of a config.json, changed. */
export function changeProcess(present: Process, change: ProcessChange): Process {
  const { args, terminal, env, capabilities, noNewPrivileges, user } = change;
  const { additionalGids, ...ids } = user;
  const { cwd, selinuxLabel, apparmorProfile } = change;
  return {
    ...present,
    args,
    terminal,
    cwd: cwd ?? present.cwd,
    env: [...(present.env ?? []), ...env],
    user: {
      ...present.user,
      ...ids,
      additionalGids: [...(present.user?.additionalGids ?? []), ...additionalGids],
    },
    noNewPrivileges: noNewPrivileges || (present.noNewPrivileges ?? false),
    ...(capabilities.length === 0
      ? {}
      : { capabilities: withCapabilities(present.capabilities, capabilities) }),
    ...(selinuxLabel === undefined ? {} : { selinuxLabel }),
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
  };
}

/**
 * Never in the inheritable set, from which programs of other users would get them (CVE-2022-29162); and so ambient only
 * where config.json has them inheritable, without which the kernel has none.
 */
function withCapabilities(present: Capabilities = {}, added: readonly string[]): Capabilities {
  const { bounding = [], effective = [], permitted = [], inheritable = [], ambient = [] } = present;
  return {
    ...present,
    bounding: [...bounding, ...added],
    effective: [...effective, ...added],
    permitted: [...permitted, ...added],
    ambient: [...ambient, ...added.filter((name) => inheritable.includes(name))],
  };
}
