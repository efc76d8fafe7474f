// Runs on the host.
import { RuntimeError, within } from '../errors.ts';
import { exists, readFile, writeFile } from '../linux/file.ts';
import { join } from '../posix-path.ts';
import { parseDocument } from '../spec/load.ts';

const FILE = 'descriptors.json';
const NOTIFY = 'notify-socket';

/** Keeps the names beside the image: criu connects what was a pipe by them. */
export function writeDescriptors(directory: string, names: readonly string[]): void {
  writeFile(join(directory, FILE), JSON.stringify(names), { mode: 0o600 });
}

/** Notes that there is a socket for sd_notify(3), which is mounted: a restore has to have one too. */
export function noteNotify(directory: string): void {
  writeFile(join(directory, NOTIFY), '', { mode: 0o600 });
}

export const isNotifyNoted = (directory: string): boolean => exists(join(directory, NOTIFY));

/** The names, in the order of the descriptors. */
export function readDescriptors(directory: string): string[] {
  const path = join(directory, FILE);
  const text = within(`${directory} holds no checkpoint`, () => readFile(path), { code: 'CRIU_IMAGE' });
  const names = parseDocument(text, path);
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new RuntimeError(`${path}: must be a list of texts`, { code: 'CRIU_IMAGE' });
}

/** The streams of this process that take the place of the pipes of the image. */
export function inheritedPipes(names: readonly string[]): { key: string; fd: number }[] {
  return names.map((key, fd) => ({ key, fd })).filter(({ key, fd }) => fd <= 2 && key.startsWith('pipe:'));
}
