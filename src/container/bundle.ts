import { asRuntimeError, RuntimeError } from '../errors.ts';
import { readFile } from '../linux/file.ts';
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
  return { text, document: document as Spec, validate: () => validateSpec(document) };
}

function read(file: string): string {
  try {
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
