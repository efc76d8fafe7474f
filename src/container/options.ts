import type { SystemdOptions } from '../cgroups/systemd/systemd.ts';
import type { Environment } from '../checkpoint/criu.ts';
import type { CriuFlags, DumpFlags, RestoreFlags } from '../checkpoint/options.ts';
import { RuntimeError } from '../errors.ts';
import type { SeccompProgram } from '../process/seccomp/profile.ts';
import type { ProcessChange } from '../spec/change-process.ts';
import type { Process } from '../spec/config.ts';
import type { ExactSeccomp } from '../spec/exact.ts';
import type { Refusals } from './seccomp/refusals.ts';

export type { CriuFlags, SystemdOptions };

/** What makes cgroups here, whatever this host has. */
export const CGROUP_MANAGERS: Readonly<Record<'v1' | 'v2' | 'systemd' | 'systemdUser', boolean>> = {
  v1: true,
  v2: true,
  systemd: true,
  systemdUser: true,
};

/** Where the state of all containers of a caller lies: an absolute directory. */
export interface StoreOptions {
  root: string;
}

/** One container of a store. */
export interface ContainerOptions extends StoreOptions {
  id: string;
  /** How to reach systemd, where the container's cgroup is a unit of its. */
  systemd?: SystemdOptions;
}

/** For whoever lets a program run. */
export interface NotifyOptions extends ContainerOptions {
  /** Where systemd listens for it to be ready: $NOTIFY_SOCKET. */
  notifySocket: string | undefined;
}

/** For whoever waits in the foreground. */
export interface WatchOptions {
  /** Takes note of what the filter refuses, if there is one: `--seccomp-log`. */
  watch?:
    | ((seccomp: ExactSeccomp | undefined, program: SeccompProgram | undefined) => Refusals | undefined)
    | undefined;
}

/** What `create` is asked for besides config.json. */
export interface CreateOptions extends NotifyOptions {
  /** Absolute path of the bundle directory. */
  bundle: string;
  /** Absolute path of the file that gets init's pid. */
  pidFile?: string | undefined;
  /** Absolute paths of sockets that get the terminal's master end, and a pidfd of init. */
  consoleSocket?: string | undefined;
  pidfdSocket?: string | undefined;
  /** Change the root by moving a mount and chroot: pivot_root does not work on an initramfs. */
  noPivot: boolean;
  /** Keep compiled profiles of linux.seccomp below the root. */
  seccompCache: boolean;
  /** Stay in the caller's session keyring. */
  noNewKeyring: boolean;
  /** How many descriptors the program gets after stdio and the `listenFds`. */
  preserveFds: number;
  /** How many descriptors from 3 on are sockets of systemd's socket activation. */
  listenFds: number;
  systemdCgroup: boolean;
  /** Make no cgroup: the container stays in that of the caller, without limits. */
  noCgroup?: boolean;
  /** Whether failures to limit resources are forgiven; `auto`: when not really root. */
  rootless: 'auto' | boolean;
  /** Where programs are looked for that trunc needs, as in $PATH. */
  searchPath: string;
  /** Looks at config.json before it is checked. */
  inspect?: ((config: { text: string; document: unknown }) => void) | undefined;
}

export interface RunOptions extends CreateOptions, WatchOptions {
  /** Return as soon as the program runs. */
  detach: boolean;
  /** Leave the container there after its end. */
  keep: boolean;
  /** Do not adopt processes that the container orphans. */
  noSubreaper: boolean;
}

/** What `exec` is asked for. */
export interface ExecOptions
  extends ContainerOptions,
    WatchOptions,
    Pick<CreateOptions, 'pidFile' | 'consoleSocket' | 'pidfdSocket' | 'seccompCache' | 'preserveFds'> {
  /** The process as a whole, or what is different from that of config.json. */
  process: { whole: Process } | ProcessChange;
  /** Cgroups below the container's: `[CONTROLLER[,CONTROLLER]:]PATH`. */
  cgroup: readonly string[];
  /** Wait in a paused container until it is resumed. */
  ignorePaused: boolean;
  /** Return as soon as the program runs. */
  detach: boolean;
}

/** What `checkpoint` is asked for. */
export interface CheckpointOptions extends ContainerOptions, DumpFlags {
  /** By its PATH criu is found. */
  environment: Environment;
}

/** What `restore` is asked for besides config.json. */
export interface RestoreOptions extends CreateOptions, RestoreFlags {
  environment: Environment;
  /** Return as soon as the container runs. */
  detach: boolean;
  /** Do not adopt processes that the container orphans. */
  noSubreaper: boolean;
}

export interface KillOptions extends ContainerOptions {
  /** Signal number, 1 to 64. */
  signal: number;
  /** Signal every process of the container, and succeed when it has ended. */
  all: boolean;
}

export interface DeleteOptions extends ContainerOptions {
  /** Kill it first, and succeed when there is no such container. */
  force: boolean;
}

/** What a file name may have: the ID is that of a directory. */
const ID_MAX = 255;
const ID_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-';

/** Refuses what cannot be a container's ID: it becomes the name of a directory and of a cgroup. */
export function checkId(id: string): void {
  const isPlain = id.split('').every((character) => ID_CHARACTERS.includes(character));
  if (isPlain && id !== '' && id !== '.' && id !== '..' && id.length <= ID_MAX) return;
  throw new RuntimeError(`invalid container ID format: ${JSON.stringify(id.slice(0, 64))}`, {
    code: 'ID_INVALID',
    hint: `letters, digits and _ + - . only, at most ${ID_MAX}`,
  });
}
