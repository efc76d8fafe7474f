import { effectiveUser } from './credentials.ts';
import { type ElfFormat, execFormat, loaderPlace } from './exec-format.ts';
import type { Fd } from './fd.ts';
import { mayExecute } from './file.ts';
import { failedWith, O_NONBLOCK, O_PATH, O_RDONLY, openPath } from './path.ts';
import { FILE_KIND, filesystemOf, kindOf, statusAt, statusOf } from './stat.ts';
import { trySyscall } from './syscall.ts';
import { machine } from './uname.ts';

/** Why the kernel does not execute a file that is there. */
export interface ExecFailure {
  /** Comes behind what the kernel says: `its interpreter "/bin/bash" is not there`. */
  reason: string;
  code: 'EXEC_INTERPRETER' | 'EXEC_FORMAT' | 'EXEC_DENIED';
  hint: string | undefined;
}

const HEAD_SIZE = 4096;
/** Source: load_elf_phdrs() in fs/binfmt_elf.c. */
const MAX_TABLE_SIZE = 65536;
/** A script's interpreter may be a script. Source: exec_binprm() in fs/exec.c. */
const MAX_DEPTH = 5;
const ST_NOEXEC = 8;
const ANY_EXECUTE = 0o111;
const PERMISSIONS = 0o7777;

/**
 * Looks for the reason why execve of `path` has failed, as the present user in the present root and directory; undefined
 * when there is nothing to add. The kernel names only the file itself, be it another one that is missing. It is no
 * forecast: binfmt_misc may execute what looks as if it could not be executed.
 */
export function execFailure(path: string, depth = 0): ExecFailure | undefined {
  try {
    const denial = execDenial(path);
    if (denial !== undefined || depth > MAX_DEPTH) return denial;
    using file = openPath(path, O_RDONLY | O_NONBLOCK);
    return explain(file, depth);
  } catch {
    // Whatever keeps this from being found out is not what the caller wants to know.
    return undefined;
  }
}

function explain(file: Fd, depth: number): ExecFailure | undefined {
  const format = execFormat(readAt(file, 0, HEAD_SIZE));
  if (format.kind === 'elf') return explainElf(file, format, depth);
  if (format.kind === 'empty') return failure('EXEC_FORMAT', 'the file is empty');
  if (format.kind === 'script') {
    if (format.interpreter !== '') return explainNeeded('interpreter', format.interpreter, depth);
    return failure('EXEC_FORMAT', 'its first line names no interpreter after "#!"');
  }
  const hint = format.isText ? 'let its first line be #!/bin/sh, or whatever is to read it' : undefined;
  return failure('EXEC_FORMAT', 'it is no ELF program, and no script, which begins with "#!"', hint);
}

function explainElf(file: Fd, format: ElfFormat, depth: number): ExecFailure | undefined {
  const own = machine();
  if (format.machine !== own && !(own === 'x86_64' && format.machine === 'i386')) {
    const reason = `it is a program for ${format.machine}, and this machine is ${own}`;
    return failure('EXEC_FORMAT', reason, 'use an image for this machine');
  }
  if (!format.isProgram) return failure('EXEC_FORMAT', 'it is an ELF file, but no program');
  const { offset, size, count } = format.segments;
  const place = loaderPlace(readAt(file, offset, Math.min(size * count, MAX_TABLE_SIZE)), format.segments);
  if (place === undefined) return undefined;
  const [loader = ''] = readAt(file, place.offset, Math.min(place.length, HEAD_SIZE))
    .toString('utf8')
    .split('\0');
  return explainNeeded('loader', loader, depth);
}

/** What is wrong with the file that another one takes to be executed. */
function explainNeeded(what: 'interpreter' | 'loader', path: string, depth: number): ExecFailure | undefined {
  const name = `its ${what} ${JSON.stringify(path)}`;
  try {
    statusAt(path);
  } catch (error) {
    if (!failedWith(error, 'ENOENT', 'ENOTDIR')) return undefined;
    return failure('EXEC_INTERPRETER', `${name} is not there`, hintOn(what, path));
  }
  const inner = execFailure(path, depth + 1);
  return inner && { ...inner, reason: `${name} cannot be executed: ${inner.reason}` };
}

function hintOn(what: 'interpreter' | 'loader', path: string): string {
  if (what === 'interpreter') {
    if (path.endsWith('\r')) return 'its lines end in CR LF, as on Windows: save it with LF alone';
    return 'install it in the rootfs, or change the first line';
  }
  const libc = path.includes('/ld-musl-')
    ? 'musl'
    : path.includes('/ld-linux')
      ? 'glibc'
      : 'another C library';
  return `it was built for ${libc}: build it statically, or for the C library of the rootfs`;
}

/** Why the present user may not execute `path`; undefined when permissions are no reason. Throws when it is not there. */
export function execDenial(path: string): ExecFailure | undefined {
  const uid = effectiveUser();
  try {
    using file = openPath(path, O_PATH);
    const status = statusOf(file);
    if (kindOf(status) !== FILE_KIND.regular) return failure('EXEC_DENIED', 'it is no regular file');
    if (mayExecute(path)) return undefined;
    const mode = `mode ${(status.mode & PERMISSIONS).toString(8).padStart(4, '0')}`;
    if ((status.mode & ANY_EXECUTE) === 0)
      return failure('EXEC_DENIED', `it is not executable, ${mode}`, 'chmod +x');
    const isNoexec = (filesystemOf(file).flags & ST_NOEXEC) !== 0;
    if (isNoexec) return failure('EXEC_DENIED', 'it lies on a mount with the option noexec');
    return failure('EXEC_DENIED', `not for user ${uid}: ${mode}, owner ${status.uid}:${status.gid}`);
  } catch (error) {
    if (!failedWith(error, 'EACCES')) throw error;
    return failure('EXEC_DENIED', `user ${uid} may not search its directory`);
  }
}

function failure(code: ExecFailure['code'], reason: string, hint?: string): ExecFailure {
  return { reason, code, hint };
}

function readAt(file: Fd, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  const count = trySyscall('pread64', file.number, buffer, length, offset);
  return buffer.subarray(0, Math.max(0, count));
}
