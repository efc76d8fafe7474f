import { isCompiled, nativeAddon, selfCommand } from '../../engine.ts';
import { RuntimeError } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { mayWrite } from '../../linux/file.ts';
import { changeMount, cloneMount, MOUNT_ATTR, newMount } from '../../linux/mount.ts';
import { O_DIRECTORY, O_PATH, O_RDONLY, openAt, openPath } from '../../linux/path.ts';
import { sealedCopy } from '../../linux/sealed-copy.ts';
import { statusAt, statusOf } from '../../linux/stat.ts';
import { isHostRoot } from '../../linux/user-namespace.ts';
import { log } from '../../log.ts';
import { basename, dirname } from '../../posix-path.ts';

/** This program and its native part, for a process that a container may get at. */
export interface OwnProgram extends Disposable {
  /** What to execute; inherited descriptors are not needed for it, but it must not have been disposed of. */
  file: string;
  /** For what init loads; the caller's own, also to close. */
  addon: Fd;
  /** To be closed later, while there is time: the kernel takes up to a millisecond to take a mount down. */
  view: Fd | undefined;
}

/** Any directory that is always there and that no program is below: an overlay has two at least. */
const SECOND_LAYER = '/sys';
/** To be executed, not to be read: who cannot read it cannot trace it either. */
const EXECUTE_ONLY = 0o711;
/** The addon is read, also by the root of a user namespace, who is somebody else to the host. */
const READABLE = 0o755;

/**
 * This program in a form that nobody can write to. What a container executes as `/proc/self/exe` is trunc, by way of the
 * file that init was executed from, and it could otherwise write to the host's file (CVE-2019-5736); the addon is mapped
 * by init and found in /proc/PID/map_files. No copy where it can be avoided: the executable has 113 MB.
 *
 * 1. Below an overlay filesystem of the program's directory, which has nothing that could be written to: whatever is
 *    done to its mount, it stays read-only, and its files have handles of no other filesystem.
 * 2. Through a read-only copy of the mount of the file. Once that is closed nobody can make it writable; until then those
 *    can who find a way to it, so it is closed at once.
 * 3. From a sealed copy in memory, for callers that can write to the file and may not mount.
 *
 * `joinsUser` says that init will execute it in a user namespace that others live in: who may read it there may trace init there.
 */
export function openOwnProgram(joinsUser: boolean): OwnProgram {
  const [file] = selfCommand();
  const addon = nativeAddon();
  if (joinsUser && isCompiled && isHostRoot() && mayBeRead(file)) {
    log.debug(`init does not run from ${process.execPath}, which others may read (chmod 711)`);
    return sealed(file, addon);
  }
  return (
    attempt('an overlay', () => overlaid(file, addon)) ??
    attempt('a read-only mount', () => make(readOnly(file, O_PATH), readOnly(addon, O_RDONLY))) ??
    (mayWrite(file) ? sealed(file, addon) : plain(file, addon))
  );
}

const sealed = (file: string, addon: string): OwnProgram =>
  make(sealedCopy(file, EXECUTE_ONLY), sealedCopy(addon, READABLE));

/** By others than root, whom a user namespace seldom maps. */
function mayBeRead(file: string): boolean {
  const { mode, uid } = statusAt(file);
  return (mode & 0o044) !== 0 || uid !== 0;
}

function attempt(what: string, open: () => OwnProgram): OwnProgram | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    log.debug(`init does not run from ${what}: ${error.message}`);
    return undefined;
  }
}

function make(program: Fd, addon: Fd, view?: Fd): OwnProgram {
  const file = `/proc/self/fd/${program.number}`;
  return { file, addon, view, [Symbol.dispose]: () => program.close() };
}

/** For a caller that may not write to the file, nor can anybody in its containers. */
const plain = (file: string, addon: string): OwnProgram => ({
  file,
  addon: openPath(addon, O_RDONLY),
  view: undefined,
  [Symbol.dispose]() {},
});

function overlaid(file: string, addon: string): OwnProgram {
  const directory = dirname(process.execPath);
  using layer = openPath(directory, O_PATH | O_DIRECTORY);
  const layers = `/proc/self/fd/${layer.number}:${SECOND_LAYER}`;
  const attributes = MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV;
  const view = newMount('overlay', [['lowerdir', layers]], attributes);
  const program = openAt(view, basename(process.execPath), O_PATH);
  // Not the same once it has been replaced: the two halves must be of one version.
  if (statusOf(program).inode !== statusAt(file).inode) {
    throw new RuntimeError(`${process.execPath} has been replaced`, {
      code: 'INTERNAL',
      hint: 'run it again',
    });
  }
  const isBeside = dirname(addon) === directory;
  return make(program, isBeside ? openAt(view, basename(addon), O_RDONLY) : openPath(addon, O_RDONLY), view);
}

function readOnly(path: string, flags: number): Fd {
  using mounted = cloneMount(path, false);
  changeMount(mounted, { set: MOUNT_ATTR.RDONLY, clear: 0 });
  return openPath(`/proc/self/fd/${mounted.number}`, flags);
}
