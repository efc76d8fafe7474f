import { asRuntimeError, RuntimeError } from '../errors.ts';
import { readFile } from '../linux/file.ts';
import { SyscallError } from '../linux/syscall.ts';
import type { Spec } from '../spec/config.ts';
import { parseSpec } from '../spec/load.ts';

/** Reads and validates config.json of a bundle, which is an absolute path. */
export function loadSpec(bundle: string): Spec {
  const file = `${bundle}/config.json`;
  return parseSpec(read(file), file);
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
