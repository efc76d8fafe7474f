// Pure.
import {
  type FilesystemParameter,
  MOUNT_ATTR,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from '../linux/mount.ts';

/** What the options of one mount come to. */
export interface MountOptions {
  bind: boolean;
  /** The mounts below the source come along. */
  recursive: boolean;
  remount: boolean;
  /** Attributes (MOUNT_ATTR) to set and to clear. */
  set: number;
  clear: number;
  /** The same for the mount and all below it: rro, rnosuid … */
  recursiveSet: number;
  recursiveClear: number;
  /** Applied one after the other, once the mount is in place. */
  propagation: { flag: number; recursive: boolean }[];
  /** Flags that every filesystem knows; a bind mount has no say in them. */
  flags: FilesystemParameter[];
  /** Owners are shown through a mapping: of this mount (`idmap`), or of those below it too (`ridmap`). */
  idmap: false | 'idmap' | 'ridmap';
  /** A tmpfs starts with a copy of what it hides. */
  copyUp: boolean;
  /** A source that is a symlink is made anew at the destination (copySymlink), or is itself what is bound. */
  copySymlink: boolean;
  sourceNoFollow: boolean;
  /** A symlink at the destination is mounted on, not followed. */
  destinationNoFollow: boolean;
  /** What is left is for the filesystem. */
  parameters: FilesystemParameter[];
}

const { RDONLY, NOSUID, NODEV, NOEXEC, NODIRATIME, NOSYMFOLLOW, ATIME, RELATIME, NOATIME, STRICTATIME } =
  MOUNT_ATTR;

/**
 * What an option sets and clears; with an `r` in front it does so for all mounts below too. The access time modes
 * share a field: the kernel wants it cleared whenever it is set. Sources: runtime-spec, config.md "Linux mount
 * options"; mount(8); mount_setattr(2).
 */
const attributes: Record<string, readonly [set: number, clear: number]> = {
  ro: [RDONLY, 0],
  rw: [0, RDONLY],
  nosuid: [NOSUID, 0],
  suid: [0, NOSUID],
  nodev: [NODEV, 0],
  dev: [0, NODEV],
  noexec: [NOEXEC, 0],
  exec: [0, NOEXEC],
  nodiratime: [NODIRATIME, 0],
  diratime: [0, NODIRATIME],
  nosymfollow: [NOSYMFOLLOW, 0],
  symfollow: [0, NOSYMFOLLOW],
  noatime: [NOATIME, ATIME],
  atime: [RELATIME, ATIME],
  relatime: [RELATIME, ATIME],
  norelatime: [STRICTATIME, ATIME],
  strictatime: [STRICTATIME, ATIME],
  nostrictatime: [RELATIME, ATIME],
};

const propagations: Record<string, number> = {
  private: MS_PRIVATE,
  shared: MS_SHARED,
  slave: MS_SLAVE,
  unbindable: MS_UNBINDABLE,
};

type Effect = (options: MountOptions) => void;
const nothing: Effect = () => undefined;

const effects: Record<string, Effect> = {
  bind: (options) => {
    options.bind = true;
  },
  rbind: (options) => {
    options.bind = true;
    options.recursive = true;
  },
  remount: (options) => {
    options.remount = true;
  },
  idmap: (options) => {
    options.idmap = 'idmap';
  },
  ridmap: (options) => {
    options.idmap = 'ridmap';
  },
  tmpcopyup: (options) => {
    options.copyUp = true;
  },
  'copy-symlink': (options) => {
    options.copySymlink = true;
  },
  'src-nofollow': (options) => {
    options.sourceNoFollow = true;
  },
  'dest-nofollow': (options) => {
    options.destinationNoFollow = true;
  },
  defaults: nothing,
  // Whether inode versions are kept, filesystems decide by themselves since Linux 4.16; silent and loud
  // concern the kernel's log of mount(2), which is not used.
  iversion: nothing,
  noiversion: nothing,
  silent: nothing,
  loud: nothing,
};

const superblockFlags = ['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand'];

/** The options that are the runtime's; any other one is for the filesystem. */
export function mountOptionNames(): string[] {
  const plain = [...Object.keys(attributes), ...Object.keys(propagations)];
  return [...plain, ...plain.map((name) => `r${name}`), ...Object.keys(effects), ...superblockFlags];
}

/** Translates mounts[].options; what is no option of a mount is passed to the filesystem. */
export function mountOptions(texts: readonly string[] = []): MountOptions {
  const options: MountOptions = {
    bind: false,
    recursive: false,
    remount: false,
    set: 0,
    clear: 0,
    recursiveSet: 0,
    recursiveClear: 0,
    propagation: [],
    flags: [],
    idmap: false,
    copyUp: false,
    copySymlink: false,
    sourceNoFollow: false,
    destinationNoFollow: false,
    parameters: [],
  };
  for (const text of texts) {
    const effect = of(effects, text);
    if (effect !== undefined) effect(options);
    else if (superblockFlags.includes(text)) options.flags.push([text]);
    else if (!setAttribute(options, text) && !setPropagation(options, text)) {
      options.parameters.push(...splitParameters(text));
    }
  }
  return options;
}

function of<T>(table: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function setAttribute(options: MountOptions, text: string): boolean {
  const own = of(attributes, text);
  if (own !== undefined) {
    [options.set, options.clear] = merged(options.set, options.clear, own);
    return true;
  }
  const recursive = text.startsWith('r') ? of(attributes, text.slice(1)) : undefined;
  if (recursive === undefined) return false;
  const { recursiveSet, recursiveClear } = options;
  [options.recursiveSet, options.recursiveClear] = merged(recursiveSet, recursiveClear, recursive);
  return true;
}

/** The last word counts; a mode that is set stays in the part that is cleared first. */
function merged(set: number, clear: number, [bits, without]: readonly [number, number]): [number, number] {
  return [(set & ~without) | bits, (clear & ~bits) | without];
}

function setPropagation(options: MountOptions, text: string): boolean {
  const own = of(propagations, text);
  const flag = own ?? (text.startsWith('r') ? of(propagations, text.slice(1)) : undefined);
  if (flag === undefined) return false;
  options.propagation.push({ flag, recursive: own === undefined });
  return true;
}

/**
 * One option may hold several, or nothing (Podman's --systemd=always): mount(2) takes them all as one text. Where commas
 * may belong to a value, as in a quoted label and an escaped path, the option is whole.
 */
function splitParameters(text: string): FilesystemParameter[] {
  const isWhole = text.includes('"') || text.includes('\\');
  const texts = isWhole ? [text] : text.split(',');
  return texts.filter((each) => each !== '').map(splitParameter);
}

function splitParameter(text: string): FilesystemParameter {
  const equals = text.indexOf('=');
  return equals < 0 ? [text] : [text.slice(0, equals), text.slice(equals + 1)];
}
