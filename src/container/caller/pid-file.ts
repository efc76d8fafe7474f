import { within } from '../../errors.ts';
import { removeFile, rename, writeFile } from '../../linux/file.ts';
import { basename, dirname, join } from '../../posix-path.ts';

/** Writes a pid file at once, without a newline: callers parse the whole file as a number. */
export function writePidFile(path: string, pid: number): void {
  const temporary = join(dirname(path), `.${basename(path)}`);
  const write = (): void => {
    writeFile(temporary, String(pid), { exclusive: true });
    try {
      rename(temporary, path);
    } catch (error) {
      removeFile(temporary);
      throw error;
    }
  };
  within(`--pid-file ${path}`, write, { code: 'PID_FILE', field: '--pid-file' });
}
