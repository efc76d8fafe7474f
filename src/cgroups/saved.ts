// Runs on the host.
import { asRuntimeError, RuntimeError } from '../errors.ts';
import { failedWith } from '../linux/path.ts';
import { log } from '../log.ts';
import { readCgroupFile, writeCgroupFile } from './file.ts';
import { undoOf } from './undo.ts';
import type { CgroupWrite } from './write.ts';

/** A file of a cgroup as it was, and what to write for it to be so again. */
export interface SavedFile {
  dir: string;
  file: string;
  before: string;
  value: string;
  /** Does the same where the kernel does not take `value`. */
  instead?: string | undefined;
}

/** Where writes go; a controller that is not there has no directory. */
export type PlacedWrites = readonly [dir: string | undefined, writes: readonly CgroupWrite[]];

/** Reads the files that are about to be written, in that order. */
export function saveFiles(places: readonly PlacedWrites[]): SavedFile[] {
  const saved: SavedFile[] = [];
  for (const [dir, writes] of places) {
    if (dir !== undefined) for (const write of writes) saved.push(...save(dir, write));
  }
  const wasIdle = saved.some(({ file, before }) => file === IDLE && before === '1');
  return wasIdle ? saved.filter(({ file }) => !WEIGHTS.includes(file)) : saved;
}

const IDLE = 'cpu.idle';
/** What the kernel sets by itself when a cgroup becomes idle, and does not set back. */
const WEIGHTS = ['cpu.shares', 'cpu.weight'];

function save(dir: string, { file, value, otherwise }: CgroupWrite): SavedFile[] {
  const before = tryRead(dir, file);
  if (before === undefined) return otherwise === undefined ? [] : save(dir, otherwise);
  const undo = undoOf(file, before, value);
  // A cpuset with processes in it cannot be made empty, which means to have what the one above it has (version 2).
  const instead = undo === '' && file.startsWith('cpuset.') ? tryRead(dir, `${file}.effective`) : undefined;
  const saved = undo === undefined ? [] : [{ dir, file, before, value: undo, instead }];
  if (file !== IDLE) return saved;
  // In front, so that they are written back after it.
  return [...WEIGHTS.flatMap((weight) => save(dir, { file: weight, value: '' })), ...saved];
}

/** What cannot be read holds no value; if it cannot be written either, it is the write that says so. */
function tryRead(dir: string, file: string): string | undefined {
  try {
    return readCgroupFile(dir, file);
  } catch (thrown) {
    if (thrown instanceof RuntimeError) return undefined;
    throw thrown;
  }
}

/**
 * Writes back what has changed, last to first: so each step is one between two states that the kernel has taken before,
 * and of two writes to one file the value before the first remains.
 */
export function restoreFiles(saved: readonly SavedFile[]): void {
  for (const { dir, file, before, value, instead } of saved.toReversed()) {
    if (tryRead(dir, file) === before) continue;
    orWarn(() => writeBack(dir, file, value, instead));
  }
}

function writeBack(dir: string, file: string, value: string, instead: string | undefined): void {
  try {
    writeCgroupFile(dir, { file, value: value === '' ? '\n' : value });
  } catch (thrown) {
    if (instead === undefined || !failedWith(thrown, 'ENOSPC')) throw thrown;
    writeCgroupFile(dir, { file, value: instead });
  }
}

/** Takes one thing back. Whatever is in the way, the rest follows, and the error that led here is the one to be told. */
export function orWarn(takeBack: () => void): void {
  try {
    takeBack();
  } catch (thrown) {
    log.warning(`while setting back the limits: ${asRuntimeError(thrown).message}`);
  }
}
