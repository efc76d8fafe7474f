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
  /** Applied one after the other, once the mount is in place. */
  propagation: { flag: number; recursive: boolean }[];
  /** Flags that every filesystem knows; a bind mount has no say in them. */
  flags: FilesystemParameter[];
  /** What is left is for the filesystem. */
  parameters: FilesystemParameter[];
}

type Effect = (options: MountOptions) => void;

const set =
  (bit: number): Effect =>
  (options) => {
    options.set |= bit;
    options.clear &= ~bit;
  };
const clear =
  (bit: number): Effect =>
  (options) => {
    options.clear |= bit;
    options.set &= ~bit;
  };
/** The access time modes share a field: the kernel wants it cleared whenever it is set. */
const atime =
  (bits: number): Effect =>
  (options) => {
    options.clear |= MOUNT_ATTR.ATIME;
    options.set = (options.set & ~MOUNT_ATTR.ATIME) | bits;
  };
const propagate =
  (flag: number, recursive: boolean): Effect =>
  (options) => {
    options.propagation.push({ flag, recursive });
  };
const parameter =
  (name: string): Effect =>
  (options) => {
    options.flags.push([name]);
  };
const nothing: Effect = () => undefined;

/** Source: runtime-spec, config.md "Linux mount options"; mount(8). */
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
  defaults: nothing,
  ro: set(MOUNT_ATTR.RDONLY),
  rw: clear(MOUNT_ATTR.RDONLY),
  nosuid: set(MOUNT_ATTR.NOSUID),
  suid: clear(MOUNT_ATTR.NOSUID),
  nodev: set(MOUNT_ATTR.NODEV),
  dev: clear(MOUNT_ATTR.NODEV),
  noexec: set(MOUNT_ATTR.NOEXEC),
  exec: clear(MOUNT_ATTR.NOEXEC),
  nodiratime: set(MOUNT_ATTR.NODIRATIME),
  diratime: clear(MOUNT_ATTR.NODIRATIME),
  nosymfollow: set(MOUNT_ATTR.NOSYMFOLLOW),
  symfollow: clear(MOUNT_ATTR.NOSYMFOLLOW),
  noatime: atime(MOUNT_ATTR.NOATIME),
  atime: atime(MOUNT_ATTR.RELATIME),
  relatime: atime(MOUNT_ATTR.RELATIME),
  norelatime: atime(MOUNT_ATTR.STRICTATIME),
  strictatime: atime(MOUNT_ATTR.STRICTATIME),
  nostrictatime: atime(MOUNT_ATTR.RELATIME),
  private: propagate(MS_PRIVATE, false),
  rprivate: propagate(MS_PRIVATE, true),
  shared: propagate(MS_SHARED, false),
  rshared: propagate(MS_SHARED, true),
  slave: propagate(MS_SLAVE, false),
  rslave: propagate(MS_SLAVE, true),
  unbindable: propagate(MS_UNBINDABLE, false),
  runbindable: propagate(MS_UNBINDABLE, true),
  sync: parameter('sync'),
  async: parameter('async'),
  dirsync: parameter('dirsync'),
  lazytime: parameter('lazytime'),
  nolazytime: parameter('nolazytime'),
  mand: parameter('mand'),
  nomand: parameter('nomand'),
  // Whether inode versions are kept, filesystems decide by themselves since Linux 4.16; silent and loud
  // concern the kernel's log of mount(2), which is not used.
  iversion: nothing,
  noiversion: nothing,
  silent: nothing,
  loud: nothing,
};

/** The options that are the runtime's; any other one is for the filesystem. */
export function mountOptionNames(): string[] {
  return Object.keys(effects);
}

/** Translates mounts[].options; what is no option of a mount is passed to the filesystem. */
export function mountOptions(texts: readonly string[] = []): MountOptions {
  const options: MountOptions = {
    bind: false,
    recursive: false,
    remount: false,
    set: 0,
    clear: 0,
    propagation: [],
    flags: [],
    parameters: [],
  };
  for (const text of texts) {
    const effect = Object.hasOwn(effects, text) ? effects[text] : undefined;
    if (effect === undefined) options.parameters.push(splitParameter(text));
    else effect(options);
  }
  return options;
}

function splitParameter(text: string): FilesystemParameter {
  const equals = text.indexOf('=');
  return equals < 0 ? [text] : [text.slice(0, equals), text.slice(equals + 1)];
}
