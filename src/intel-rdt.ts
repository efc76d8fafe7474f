// Runs on the host.
import { asRuntimeError, RuntimeError, within } from './errors.ts';
import { exists, makeDirectory, readFile, removeDirectory, writeFile } from './linux/file.ts';
import { mountPointsOf } from './linux/mountinfo.ts';
import { failedWith } from './linux/path.ts';
import type { IntelRdt } from './spec/config.ts';

const FIELD = 'linux.intelRdt';

/** What linux.intelRdt asks for. Source: Documentation/filesystems/resctrl.rst of the kernel. */
export interface RdtPlan {
  /** Where the resctrl filesystem is mounted. */
  root: string;
  /** The directory of the group; the root is a group too. */
  group: string;
  /** Without a closID the group is the container's: made and removed with it. */
  isOwn: boolean;
  /** The text for the group's file `schemata`; empty when nothing is asked for. */
  schemata: string;
  /** The directory of the container's own counters. */
  monitor: string | undefined;
}

/** Pure. `id` is the container's, `root` the mount point. */
export function planRdt(rdt: IntelRdt, id: string, root: string): RdtPlan {
  const { closID, l3CacheSchema = '', memBwSchema = '', schemata = [], enableMonitoring } = rdt;
  const group = closID === '/' ? root : `${root}/${closID || id}`;
  // What it says of the memory bandwidth is memBwSchema's to say.
  const l3 = l3CacheSchema.split('\n').filter((line) => !line.startsWith('MB:'));
  const lines = [...l3, memBwSchema, ...schemata].filter((line) => line !== '');
  return {
    root,
    group,
    isOwn: !closID,
    schemata: lines.map((line) => `${line}\n`).join(''),
    monitor: enableMonitoring ? `${group}/mon_groups/${id}` : undefined,
  };
}

/** The mount point of the resctrl filesystem. */
export function findResctrl(): string {
  const found = mountPointsOf('resctrl', readFile('/proc/self/mountinfo')).at(-1);
  if (found !== undefined) return found;
  const isKnown = readFile('/proc/filesystems').includes('\tresctrl\n');
  throw new RuntimeError(
    `${FIELD}: ${isKnown ? 'resctrl is not mounted' : 'this kernel or CPU has no resctrl'}`,
    {
      code: 'NOT_AVAILABLE',
      field: FIELD,
      hint: isKnown ? 'mount -t resctrl resctrl /sys/fs/resctrl' : undefined,
    },
  );
}

/**
 * Checks what is there already against the plan, before anything is made: a group that is named by closID serves if it
 * has what is asked for, and must be there if nothing is.
 */
export function checkRdt(plan: RdtPlan): void {
  const { group, isOwn, schemata } = plan;
  const refuse = (property: string, message: string): never => {
    const field = `${FIELD}${property}`;
    throw new RuntimeError(`${field}: ${message}`, { code: 'RDT_GROUP', field });
  };
  if (!exists(group)) {
    if (!isOwn && schemata === '') refuse('.closID', `there is no group ${group}, and no schema to make one`);
  } else if (isOwn) {
    refuse('', `the group ${group} of this container is there already`);
  } else if (!exists(`${group}/schemata`)) {
    refuse('.closID', `${group} is no group`);
  } else {
    const present = readFile(`${group}/schemata`);
    const found = difference(schemata, present, bandwidthStep(plan.root));
    if (found !== undefined) refuse('.closID', `the group ${group} is there already, with ${found}`);
  }
}

/** Memory bandwidth is rounded up to multiples of this. */
function bandwidthStep(root: string): number {
  const path = `${root}/info/MB/bandwidth_gran`;
  return exists(path) ? Number(readFile(path)) : 1;
}

/** Pure. How `present` differs from what is asked for, in words; domains that nothing is asked of may have any value. */
export function difference(asked: string, present: string, step: number): string | undefined {
  const there = parseSchemata(present);
  for (const [resource, domains] of parseSchemata(asked)) {
    for (const [domain, value] of domains) {
      const found = there.get(resource)?.get(domain);
      if (found !== undefined && isSame(resource, value, found, step)) continue;
      return `${resource}:${domain}=${found ?? '(nothing)'} instead of ${resource}:${domain}=${value}`;
    }
  }
  return undefined;
}

type Schemata = Map<string, Map<string, string>>;

/** Lines such as `    L3:0=7f0;1=1f`. */
function parseSchemata(text: string): Schemata {
  const schemata: Schemata = new Map();
  for (const line of text.split('\n')) {
    const [resource = '', list] = line.split(':');
    if (list === undefined) continue;
    const pairs = list.split(';').map((pair) => pair.split('='));
    const domains = pairs.map(([domain = '', value = '']): [string, string] => [domain.trim(), value.trim()]);
    schemata.set(resource.trim(), new Map(domains));
  }
  return schemata;
}

/** Cache masks are hexadecimal, and bandwidths (MB, SMBA) decimal. */
function isSame(resource: string, asked: string, found: string, step: number): boolean {
  if (asked === found) return true;
  if (!resource.endsWith('MB') && resource !== 'SMBA')
    return Number.parseInt(asked, 16) === Number.parseInt(found, 16);
  return Number(asked) === Number(found) || Math.ceil(Number(asked) / step) * step === Number(found);
}

/** Makes what the plan lacks and puts the process into it. Every directory that was made is noted in `made`. */
export function joinRdt(plan: RdtPlan, pid: number, made: string[]): void {
  const { group, schemata, monitor } = plan;
  const make = (directory: string): void => {
    makeDirectory(directory, 0o755);
    made.push(directory);
  };
  if (!exists(group)) {
    attempt(plan, `${FIELD}: make the group ${group}`, () => make(group));
    if (schemata !== '') setSchemata(plan);
  }
  attempt(plan, `${FIELD}: join the group ${group}`, () => writeFile(`${group}/tasks`, String(pid)));
  if (monitor === undefined) return;
  const field = `${FIELD}.enableMonitoring`;
  attempt(plan, `${field}: make the group ${monitor}`, () => make(monitor));
  attempt(plan, `${field}: join the group ${monitor}`, () => writeFile(`${monitor}/tasks`, String(pid)));
}

/** Gives the group of a container that is there other schemata. */
export function setSchemata(plan: RdtPlan): void {
  const { group, schemata } = plan;
  attempt(plan, `${FIELD}: set the schemata of ${group}`, () => writeFile(`${group}/schemata`, schemata));
}

/** Does a step; what the kernel says of a failure in its status file says more than the errno. */
function attempt({ root }: RdtPlan, context: string, action: () => void): void {
  const explain = (): void => {
    try {
      action();
    } catch (thrown) {
      const { message, code, errno } = asRuntimeError(thrown);
      const status = `${root}/info/last_cmd_status`;
      const reason = exists(status) ? readFile(status).trim() : 'ok';
      throw new RuntimeError(reason === 'ok' ? message : `${message}: ${reason}`, { code, errno }, thrown);
    }
  };
  within(context, explain, { code: 'RDT_GROUP', field: context.slice(0, context.indexOf(':')) });
}

/** Puts one more process into the groups of a container. */
export function enterRdt(groups: readonly string[], pid: number): void {
  for (const group of groups) {
    within(`${FIELD}: join the group ${group}`, () => writeFile(`${group}/tasks`, String(pid)), {
      code: 'RDT_GROUP',
      field: FIELD,
    });
  }
}

/** Undoes joinRdt, after the end of the process. A group that is named by closID may have got others meanwhile. */
export function discardRdt({ group, isOwn }: RdtPlan, made: readonly string[]): void {
  const isShared = !isOwn && made.includes(group) && readFile(`${group}/tasks`).trim() !== '';
  removeRdt(isShared ? made.filter((directory) => directory !== group) : made);
}

/** Removes groups, the last one first; whoever is still in one returns to the group above. */
export function removeRdt(groups: readonly string[]): void {
  for (const group of [...groups].reverse()) {
    try {
      removeDirectory(group);
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error;
    }
  }
}
