import { asRuntimeError, RuntimeError } from '../errors.ts';
import { readFile } from '../linux/file.ts';
import { FILE_KIND, type FileStatus, kindOf, statusAt } from '../linux/stat.ts';
import { SyscallError } from '../linux/syscall.ts';
import type { Spec } from '../spec/config.ts';
import { parseDocument, validateSpec } from '../spec/load.ts';

/** config.json of a bundle: parsed, and on demand validated. */
export interface BundleConfig {
  text: string;
  /** Whatever the file says: not to be trusted before `validate` has returned. */
  document: Spec;
  validate(): Spec;
}

/** Reads config.json of a bundle, which is an absolute path. */
export function readConfig(bundle: string): BundleConfig {
  const file = `${bundle}/config.json`;
  const text = read(file);
  const document = parseDocument(text, file);
  // What is looked at before it is validated has to have properties.
  if (document === null) validateSpec(document);
  return { text, document: document as Spec, validate: () => validateSpec(document) };
}

/** Not a FIFO that nobody writes to, nor a device that never ends. A directory is refused in the kernel's own words. */
function isReadable(status: FileStatus): boolean {
  return kindOf(status) === FILE_KIND.regular || kindOf(status) === FILE_KIND.directory;
}

function read(file: string): string {
  try {
    const status = statusAt(file);
    if (!isReadable(status)) throw new RuntimeError('it is no regular file', { code: 'CONFIG_UNREADABLE' });
    return readFile(file);
  } catch (thrown) {
    const { errno, message } = asRuntimeError(thrown);
    const hint = errno === 'ENOENT' ? 'give the directory that holds config.json with --bundle' : undefined;
    const reason = thrown instanceof SyscallError ? thrown.reason : message;
    throw new RuntimeError(
      `cannot read ${file}: ${reason}`,
      { code: 'CONFIG_UNREADABLE', errno, hint },
      thrown,
    );
  }
}
