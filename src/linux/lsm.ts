import { RuntimeError } from '../errors.ts';
import { ENOENT } from './errno.ts';
import { Fd } from './fd.ts';
import { exists, readFile, writeAll } from './file.ts';
import { mountPointsOf } from './mountinfo.ts';
import { O_PATH, O_WRONLY, openPath, tryOpenBeneath } from './path.ts';
import { filesystemOf, isInProc } from './stat.ts';
import { syscallError } from './syscall.ts';

const APPARMOR_ENABLED = '/sys/module/apparmor/parameters/enabled';
const APPARMOR_POLICY = '/sys/kernel/security/apparmor';
const SELINUX = '/sys/fs/selinux';
const SELINUX_MAGIC = 0xf97cff8c;
const ST_RDONLY = 1;

/** Whether AppArmor confines this machine's processes. Asked on the host: a container does not see these files. */
export function apparmorEnabled(): boolean {
  // Without its directory in securityfs it is enabled for somebody else: the machine that this one is a container of.
  return textOf(APPARMOR_ENABLED).startsWith('Y') && exists(APPARMOR_POLICY);
}

/**
 * Whether SELinux labels count for the caller. Asked on the host. A read-only selinuxfs is how containers are told that
 * they do not; the label `kernel` is that of everybody before a policy is loaded. Source: is_selinux_enabled(3).
 */
export function selinuxEnabled(): boolean {
  if (!isSelinuxfs(SELINUX) && !otherMounts().some(isSelinuxfs)) return false;
  return textOf('/proc/thread-self/attr/current').replace(/\0$/, '') !== 'kernel';
}

function isSelinuxfs(path: string): boolean {
  try {
    using directory = openPath(path, O_PATH);
    const { type, flags } = filesystemOf(directory);
    return type === SELINUX_MAGIC && (flags & ST_RDONLY) === 0;
  } catch {
    return false;
  }
}

/** Where else than at its usual place a selinuxfs is mounted. */
function otherMounts(): string[] {
  if (!textOf('/proc/filesystems').includes('\tselinuxfs\n')) return [];
  return mountPointsOf('selinuxfs', textOf('/proc/self/mountinfo'));
}

function textOf(path: string): string {
  try {
    return readFile(path);
  } catch {
    return '';
  }
}

/** What a security module keeps of each thread, by its path below /proc/thread-self/attr. */
export type SecurityAttribute = 'apparmor/exec' | 'exec' | 'keycreate';

/**
 * Sets an attribute of the calling thread, the one that executes the program, through a procfs that is known to be one.
 * A mount on the way is an error, not followed: what is written there would be lost (CVE-2019-16884, CVE-2025-52881).
 */
export function setSecurityAttribute(proc: Fd, attribute: SecurityAttribute, value: string): void {
  let number = tryOpenBeneath(proc, `thread-self/attr/${attribute}`, O_WRONLY);
  // Before Linux 5.8 the modules shared one set of files.
  if (number === -ENOENT && attribute === 'apparmor/exec') {
    number = tryOpenBeneath(proc, 'thread-self/attr/exec', O_WRONLY);
  }
  if (number < 0) throw syscallError('openat2', -number, `/proc/thread-self/attr/${attribute}`);
  using file = new Fd(number);
  if (!isInProc(file))
    throw new RuntimeError(`/proc/thread-self/attr/${attribute} is no file of procfs`, {
      code: 'LABEL_REFUSED',
    });
  writeAll(file, value);
}
