// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { exists, isWritable } from '../linux/file.ts';
import { log } from '../log.ts';
import { dirname } from '../posix-path.ts';
import type { Resources } from '../spec/config.ts';
import type { OomWatch } from './oom.ts';
import type { CgroupStats } from './stats/types.ts';
import type { Cgroup } from './types.ts';

/** What a container has that was made by a user who may not make cgroups, or wants none: it stays in that user's own. */
export class NoCgroup implements Cgroup {
  readonly paths: Cgroup['paths'] = {};

  create(): void {}

  prepareJoin(): void {}

  joinFiles(): string[] {
    return [];
  }

  joined(): void {}

  set(resources: Resources): void {
    const limited = firstLimit(resources);
    if (limited !== undefined) throw lacking(limited);
  }

  save(): [] {
    return [];
  }

  restore(): void {}

  /** An ordinary user can make no device nodes, and has no more access to the host's than anyway; root wants it so. */
  setDevices(): void {}

  giveTo(): void {}

  processes(): number[] {
    throw lacking('its processes');
  }

  kill(): void {
    log.warning('processes that the container may have left behind cannot be found: it has no cgroup');
  }

  freeze(): void {
    throw lacking('pause');
  }

  thaw(): void {}

  stats(): CgroupStats {
    throw lacking('its statistics');
  }

  watchOom(): OomWatch | undefined {
    return undefined;
  }

  frozen(): boolean {
    return false;
  }

  remove(): void {}
}

/** How to come by a cgroup. */
const DELEGATION_HINT =
  'run trunc as root, with --systemd-cgroup, or in a cgroup that was handed over to this user: ' +
  'systemd-run --user --scope -p Delegate=yes';

function lacking(what: string): RuntimeError {
  return new RuntimeError(
    `${what}: the container has no cgroup: its user was not allowed to make one, or said --cgroup-manager=disabled`,
    {
      code: 'CGROUP_ROOTLESS',
      hint: DELEGATION_HINT,
    },
  );
}

/** Whether the present user may make cgroups of these paths, and let processes of the parent join them. */
export function mayMake(paths: Cgroup['paths']): boolean {
  return Object.entries(paths).every(([controller, dir]) => {
    const parent = dirname(dir);
    // Version 2 asks whether one may move processes in whatever cgroup the two have in common.
    return mayMakeBelow(parent) && (controller !== '' || isWritable(`${parent}/cgroup.procs`));
  });
}

function mayMakeBelow(dir: string): boolean {
  return exists(dir) ? isWritable(dir) : mayMakeBelow(dirname(dir));
}

/** Pure. The first property of linux.resources that is a limit, if there is one; rules for devices are none. */
export function firstLimit(resources: Resources): string | undefined {
  for (const [name, value] of Object.entries(resources)) {
    if (name !== 'devices' && saysSomething(value)) return `linux.resources.${name}`;
  }
  return undefined;
}

function saysSomething(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  return typeof value !== 'object' || Object.values(value).some(saysSomething);
}
