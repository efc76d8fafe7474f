// Runs on the host.
import { asRuntimeError, type ErrorCode, RuntimeError } from '../errors.ts';
import { readFile, writeExisting } from '../linux/file.ts';
import { failedWith } from '../linux/path.ts';
import { SyscallError } from '../linux/syscall.ts';
import { hintFor } from './hint.ts';
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

/** Writes one value, or what is to be written otherwise. False if it is optional and the kernel has no such thing. */
export function writeCgroupFile(dir: string, write: CgroupWrite): boolean {
  const { file, value, field, optional, otherwise } = write;
  try {
    writeExisting(`${dir}/${file}`, value);
    return true;
  } catch (thrown) {
    if (otherwise !== undefined && failedWith(thrown, 'ENOENT')) return writeCgroupFile(dir, otherwise);
    if (optional && (isGone(thrown) || failedWith(thrown, 'EOPNOTSUPP'))) return false;
    throw cgroupError('CGROUP_SET', `write ${JSON.stringify(value)} to ${dir}/${file}`, thrown, {
      field,
      file,
    });
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

/** What an error is about: a property of config.json, a file of a cgroup. */
interface About {
  field?: string | undefined;
  file?: string;
}

/** A failed system call as RuntimeError: `FIELD: ACTION: REASON`. */
export function cgroupError(
  code: ErrorCode,
  action: string,
  thrown: unknown,
  about: About = {},
): RuntimeError {
  const { message, errno } = asRuntimeError(thrown);
  const reason = thrown instanceof SyscallError ? thrown.reason : message;
  const hint = hintFor(code, errno, about.file);
  const subject = about.field === undefined ? '' : `${about.field}: `;
  return new RuntimeError(
    `${subject}${action}: ${reason}`,
    { code, field: about.field, errno, hint },
    thrown,
  );
}
