// Runs on the host.
import { RuntimeError } from '../errors.ts';
import { exists, readFile } from '../linux/file.ts';
import { readCgroupFileIfThere } from './file.ts';
import { parseHierarchies } from './mode.ts';
import { ownDirectory } from './path.ts';

type Paths = Readonly<Record<string, string>>;

/**
 * The cgroups of one more process of a container, whose own are `paths` and whose first process is `pid`: those below that
 * are asked for (`[CONTROLLER[,CONTROLLER]:]PATH`), otherwise the container's.
 */
export function pathsToEnter(paths: Paths, pid: number, asked: readonly string[]): Paths {
  const wanted = parsePaths(asked);
  if (wanted === undefined) return withoutInner(paths, pid);
  if (Object.keys(paths).length === 0) throw refusal('the container has none');
  if ('all' in wanted) return subPaths(paths, () => wanted.all);
  for (const controller of Object.keys(wanted.by)) {
    if (paths[controller] === undefined) throw refusal(`the container has no cgroup of ${controller}`);
  }
  return subPaths(paths, (controller) => wanted.by[controller]);
}

/** Pure. One path for all hierarchies, or by controller; undefined when nothing is asked for. */
export function parsePaths(
  asked: readonly string[],
): { all: string } | { by: Record<string, string> } | undefined {
  if (asked.length === 0) return undefined;
  const by: Record<string, string> = {};
  for (const text of asked) {
    const colon = text.indexOf(':');
    const path = text.slice(colon + 1);
    if (path.split('/').includes('..')) throw refusal(`${JSON.stringify(text)} contains ".."`);
    if (colon < 0 && asked.length > 1) throw refusal(`${JSON.stringify(text)} names no controller`);
    if (colon < 0) return { all: path };
    for (const controller of text.slice(0, colon).split(',')) {
      if (controller === '') throw refusal(`${JSON.stringify(text)} has an empty name of a controller`);
      if (by[controller] !== undefined) throw refusal(`${controller} is there twice`);
      by[controller] = path;
    }
  }
  return { by };
}

/** What nothing is asked of stays; on a hybrid host the half of version 2 need not have it all. */
function subPaths(paths: Paths, wanted: (controller: string) => string | undefined): Paths {
  const isHybrid = Object.keys(paths).length > 1;
  const entered: Record<string, string> = {};
  for (const [controller, top] of Object.entries(paths)) {
    const parts = (wanted(controller) ?? '').split('/').filter((part) => part !== '' && part !== '.');
    const directory = [top, ...parts].join('/');
    const isThere = exists(`${directory}/cgroup.procs`);
    if (!isThere && !(isHybrid && controller === '')) throw refusal(`there is no cgroup ${directory}`);
    entered[controller] = isThere ? directory : top;
  }
  return entered;
}

/**
 * In version 2 a cgroup that passes controllers on can have no processes of its own: a container that has made cgroups
 * has moved its first process into one of them, and others are welcome there. Source: cgroups(7), "no internal processes".
 */
function withoutInner(paths: Paths, pid: number): Paths {
  const { '': top, ...version1 } = paths;
  if (top === undefined || readCgroupFileIfThere(top, 'cgroup.subtree_control') === '') return paths;
  const hierarchies = parseHierarchies(readFile('/proc/self/mountinfo'), readFile(`/proc/${pid}/cgroup`));
  const unified = hierarchies.find(({ controllers }) => controllers[0] === '');
  const own = unified && ownDirectory(unified);
  return own?.startsWith(`${top}/`) ? { ...version1, '': own } : paths;
}

function refusal(message: string): RuntimeError {
  return new RuntimeError(`--cgroup: ${message}`, { code: 'CGROUP_PATH', field: '--cgroup' });
}
