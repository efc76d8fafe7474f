import { type ExternalMount, externalMounts } from '../../checkpoint/external.ts';
import { reasonInLog } from '../../checkpoint/log.ts';
import type { CriuFlags } from '../../checkpoint/options.ts';
import { refuseForCriu } from '../../checkpoint/refuse.ts';
import { asRuntimeError, RuntimeError, within } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { exists, makeDirectories } from '../../linux/file.ts';
import { O_DIRECTORY, O_RDONLY, openPath } from '../../linux/path.ts';
import { isHostRoot } from '../../linux/user-namespace.ts';
import { join } from '../../posix-path.ts';
import { type MountStep, planMounts } from '../../rootfs/mount-plan.ts';
import type { Spec } from '../../spec/config.ts';
import { DEFAULT_DEVICES } from '../../spec/defaults.ts';

// What `checkpoint` and `restore` have in common.

/** criu takes processes apart and makes them anew: only the host's root may. */
export function refuseRootless(command: string): void {
  if (isHostRoot()) return;
  throw new RuntimeError(`${command} needs the root of the host`, { code: 'NEEDS_ROOT', errno: 'EPERM' });
}

/** mounts[] as steps, of a container that criu can deal with. */
export function planForCriu(spec: Spec, bundle: string): MountStep[] {
  const steps = planMounts(spec, bundle);
  refuseForCriu(spec, steps);
  return steps;
}

/** What there may be of the host in the container. */
export function hostMounts(spec: Spec, steps: readonly MountStep[]): ExternalMount[] {
  const binds = steps.filter(({ kind }) => kind === 'bind');
  return externalMounts(spec, binds, [...DEFAULT_DEVICES, ...(spec.linux?.devices ?? [])]);
}

/** Makes a directory for criu, if it is not there. */
export function makeForCriu(option: string, path: string): void {
  within(option, () => makeDirectories(path, 0o700), { code: 'CRIU_IMAGE', field: option });
}

/** Opens a directory for criu, which reaches it by our number of it. */
export function openForCriu(option: string, path: string): Fd {
  const details = { code: 'CRIU_IMAGE', field: option } as const;
  return within(`${option} ${path}`, () => openPath(path, O_RDONLY | O_DIRECTORY), details);
}

/** Runs `action`; when criu fails in it, the error says why, as far as its log tells. */
export function tellingWhy<T>(
  what: string,
  { imagePath, workPath }: CriuFlags,
  logName: string,
  action: () => T,
): T {
  try {
    return action();
  } catch (thrown) {
    const error = asRuntimeError(thrown);
    if (error.code !== 'CRIU') throw thrown;
    const log = join(workPath ?? imagePath, logName);
    const hint = exists(log) ? `all of it is in ${log}` : undefined;
    throw new RuntimeError(
      `criu cannot ${what}: ${reasonInLog(log) ?? error.message}`,
      { code: 'CRIU', hint },
      thrown,
    );
  }
}
