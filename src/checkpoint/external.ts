// Pure.
import type { MountEntry } from '../linux/mountinfo.ts';
import type { Document, Spec } from '../spec/config.ts';
import { namespaceOf } from '../spec/query.ts';

/** Something of the host that is mounted in the container: criu notes the name, and mounts the source again. */
export interface ExternalMount {
  /** As config.json has it. */
  path: string;
  name: string;
  source: string;
  /** Whether only a file counts: masked directories are filesystems of their own. */
  onlyFile: boolean;
}

/** `devices` are all that may have been bound instead of made; `binds` are the bind mounts of mounts[]. */
export function externalMounts(
  { linux }: Pick<Spec, 'linux'>,
  binds: readonly { destination: string; source: string }[],
  devices: readonly { path: string }[],
): ExternalMount[] {
  const { maskedPaths = [] } = linux ?? {};
  return [
    ...binds.map(({ destination, source }) => external(destination, destination, source)),
    ...devices.map(({ path }) => external(path, path, path)),
    ...maskedPaths.map((path) => ({ ...external(path, '/dev/null', '/dev/null'), onlyFile: true })),
  ];
}

const external = (path: string, name: string, source: string): ExternalMount => ({
  path,
  name,
  source,
  onlyFile: false,
});

/** For the restore: by their names. Several may have one in common. */
export function restoredMounts(mounts: readonly ExternalMount[]): string[] {
  return [...new Set(mounts.map(({ name, source }) => `mnt[${name}]:${source}`))];
}

/** For the dump: the mount points of the hierarchies, which are the host's where there is no namespace for them. */
export function externalCgroups(spec: Pick<Document, 'linux'>, mounts: readonly MountEntry[]): string[] {
  if (namespaceOf(spec, 'cgroup') !== undefined) return [];
  return mounts
    .filter(({ type }) => type === 'cgroup' || type === 'cgroup2')
    .map(({ type, mountPoint }) => {
      const name = type === 'cgroup2' ? 'unified' : mountPoint.slice(mountPoint.lastIndexOf('/') + 1);
      return `mnt[${mountPoint}]:${cgroupName(name)}`;
    });
}

/** For the restore: the same, from the text of /proc/PID/cgroup and the directories of the new cgroup. */
export function restoredCgroups(text: string, paths: Readonly<Record<string, string>>): string[] {
  const hierarchies = parseCgroups(text);
  return hierarchies.flatMap(({ controllers, path }) => {
    const own = paths[controllers.split(',')[0] as string];
    const name = controllers === '' ? 'unified' : controllers.replace(/^name=/, '');
    // Version 2 alone is shown as a whole, as far as the host sees it.
    const isWhole = hierarchies.length === 1 && own?.endsWith(path);
    return own === undefined
      ? []
      : [`mnt[${cgroupName(name)}]:${isWhole ? own.slice(0, -path.length) : own}`];
  });
}

const cgroupName = (hierarchy: string): string => `cgroup-${hierarchy}`;

/** The hierarchies of a process, from the text of its /proc/PID/cgroup. Source: cgroups(7). */
export function parseCgroups(text: string): { controllers: string; path: string }[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [, controllers = '', ...path] = line.split(':');
    return { controllers, path: path.join(':') };
  });
}

/** A namespace that is joined by path, and that criu leaves as it is: `key` is what the image calls it. */
export interface ExternalNamespace {
  kind: 'net' | 'pid';
  path: string;
  key: string;
}

/** The network and pid namespaces that are joined by path: they are not of the image, and criu knows them by their key. */
export function externalNamespaces(spec: Pick<Document, 'linux'>): ExternalNamespace[] {
  const candidates = [
    { type: 'network', kind: 'net', key: 'extRootNetNS' },
    { type: 'pid', kind: 'pid', key: 'extRootPidNS' },
  ] as const;
  return candidates.flatMap(({ type, kind, key }) => {
    const path = namespaceOf(spec, type)?.path;
    return path ? [{ kind, path, key }] : [];
  });
}

/** Namespaces of other kinds that are joined by path: criu enters them before it makes the processes. */
export function joinedNamespaces(spec: Pick<Document, 'linux'>): { ns: string; ns_file: string }[] {
  return (['ipc', 'uts', 'time'] as const).flatMap((type) => {
    const path = namespaceOf(spec, type)?.path;
    return path ? [{ ns: type, ns_file: path }] : [];
  });
}
