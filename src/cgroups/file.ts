// Runs on the host.
import { asRuntimeError, RuntimeError } from '../errors.ts';
import { readFile, writeExisting } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { SyscallError } from '../linux/syscall.ts';
import type { CgroupWrite } from './write.ts';

/** The content of a file in a cgroup, without the last newline. */
export function readCgroupFile(dir: string, file: string): string {
  try {
    return readFile(`${dir}/${file}`).trimEnd();
  } catch (thrown) {
    throw cgroupError('CGROUP_READ', `read ${dir}/${file}`, thrown);
  }
}

/** The same; empty if the cgroup is gone. */
export function readCgroupFileIfThere(dir: string, file: string): string {
  try {
    return readCgroupFile(dir, file);
  } catch (thrown) {
    if (isGone(thrown)) return '';
    throw thrown;
  }
}

/** Writes one value. False if it is optional and there is no such file. */
export function writeCgroupFile(dir: string, { file, value, field, optional }: CgroupWrite): boolean {
  try {
    writeExisting(`${dir}/${file}`, value);
    return true;
  } catch (thrown) {
    if (optional && isGone(thrown)) return false;
    throw cgroupError('CGROUP_SET', `write ${JSON.stringify(value)} to ${dir}/${file}`, thrown, field);
  }
}

/** Moves a process into the cgroup at `dir`. */
export function joinCgroup(dir: string, pid: number): void {
  try {
    writeExisting(`${dir}/cgroup.procs`, String(pid));
  } catch (thrown) {
    throw cgroupError('CGROUP_JOIN', `move process ${pid} to cgroup ${dir}`, thrown);
  }
}

/** Joins the cgroup that the process is in already: see Cgroup.prepareJoin. */
export function joinOwn(procs: string | undefined): void {
  try {
    if (procs !== undefined) writeExisting(procs, '0');
  } catch {
    // Not allowed here, and nothing depends on it but time.
  }
}

/** Whether a cgroup or its file is not there, or was removed between two calls. */
export function isGone(thrown: unknown): boolean {
  return failedWith(thrown, 'ENOENT', 'ENODEV');
}

/** A failed system call as RuntimeError: `ACTION: REASON`. */
export function cgroupError(code: string, action: string, thrown: unknown, field?: string): RuntimeError {
  const { message, errno } = asRuntimeError(thrown);
  const reason = thrown instanceof SyscallError ? thrown.reason : message;
  const hint = hintFor(`${code} ${errno}`) ?? hintFor(`${errno}`);
  return new RuntimeError(`${action}: ${reason}`, { code, field, errno, hint }, thrown);
}

function hintFor(failure: string): string | undefined {
  switch (failure) {
    case 'EACCES':
    case 'EPERM':
      return 'this needs root, or a cgroup that was handed over to this user';
    case 'EROFS':
      return 'the cgroup filesystem is mounted read-only';
    case 'CGROUP_SET ENOENT':
      return 'this kernel lacks the file, or the controller is not enabled for this cgroup';
    case 'CGROUP_SET EBUSY':
      return 'more than that is in use';
    case 'CGROUP_SET EINVAL':
    case 'CGROUP_SET ERANGE':
      return 'the kernel does not take this value here; a limit above it or beside it may contradict';
    case 'CGROUP_SET EPERM':
      return 'this needs root; a device must be allowed in the parent cgroup too';
    case 'CGROUP_ENABLE EBUSY':
      return 'version 2 has no controllers below a cgroup with processes of its own: move these to one below it';
    case 'CGROUP_ENABLE EOPNOTSUPP':
    case 'CGROUP_JOIN EOPNOTSUPP':
      return 'the cgroup, or one above it, is threaded';
    case 'CGROUP_JOIN EBUSY':
      return 'controllers are enabled for the cgroups below it, so that it can have no processes of its own';
    case 'CGROUP_JOIN ENOSPC':
      return 'its cpuset has no CPUs or no memory nodes';
    default:
      return undefined;
  }
}
