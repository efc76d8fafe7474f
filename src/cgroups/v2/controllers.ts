// Runs on the host.
import type { RuntimeError } from '../../errors.ts';
import { writeExisting } from '../../linux/file.ts';
import { cgroupError, readCgroupFile, readCgroupFileIfThere } from '../file.ts';

/**
 * Enables all controllers that the cgroup at `top` has for the one at `dir`, below it: each parent's
 * cgroup.subtree_control must name them. Returns why it failed, by controller; it is an error only for one that
 * is needed.
 */
export function enableControllers(top: string, dir: string): Map<string, RuntimeError> {
  const failures = new Map<string, RuntimeError>();
  const enabled = readCgroupFile(dir, 'cgroup.controllers').split(' ');
  const missing = readCgroupFile(top, 'cgroup.controllers')
    .split(' ')
    .filter((name) => !enabled.includes(name));
  if (missing.length === 0) return failures;

  let parent = top;
  for (const name of dir.slice(top.length + 1).split('/')) {
    enableIn(parent, missing, failures);
    parent += `/${name}`;
  }
  return failures;
}

/**
 * All at once, and one by one if that fails: the kernel takes all or none. But not in a cgroup with processes (EBUSY):
 * it does take cpu, cpuset and pids there, and by that makes the cgroup below one that nobody can join.
 */
function enableIn(dir: string, controllers: readonly string[], failures: Map<string, RuntimeError>): void {
  const refused = tryEnable(dir, controllers);
  if (refused === undefined) return;
  // Whoever may not write here may still have been given some.
  const enabled = readCgroupFileIfThere(dir, 'cgroup.subtree_control').split(' ');
  for (const controller of controllers) {
    if (enabled.includes(controller)) continue;
    const failure = refused.errno === 'EBUSY' ? refused : tryEnable(dir, [controller]);
    // The first failure on the way down is the cause of those below it.
    if (failure !== undefined && !failures.has(controller)) failures.set(controller, failure);
  }
}

function tryEnable(dir: string, controllers: readonly string[]): RuntimeError | undefined {
  const value = controllers.map((controller) => `+${controller}`).join(' ');
  try {
    writeExisting(`${dir}/cgroup.subtree_control`, value);
    return undefined;
  } catch (thrown) {
    const action = `write ${JSON.stringify(value)} to ${dir}/cgroup.subtree_control`;
    return cgroupError('CGROUP_ENABLE', action, thrown);
  }
}
