import { EAGAIN, EPIPE } from '../linux/errno.ts';
import { pause } from '../linux/pause.ts';
import { syscallError, trySyscall } from '../linux/syscall.ts';

const STDOUT = 1;
const PAUSE_MS = 1;

/**
 * Writes all of `text` to standard output. Not through process.stdout, which costs start-up time and makes
 * the caller's end of a pipe non-blocking.
 */
export function print(text: string): void {
  let rest: Uint8Array = new TextEncoder().encode(text);
  while (rest.length > 0) {
    const written = trySyscall('write', STDOUT, rest, rest.length);
    if (written >= 0) rest = rest.subarray(written);
    else if (written === -EAGAIN) pause(PAUSE_MS);
    // Nobody reads on. SIGPIPE, which would end other programs here, is ignored by the engine.
    else if (written === -EPIPE) return;
    else throw syscallError('write', -written, 'standard output');
  }
}

const MIN_WIDTH = 12;
const PADDING = 3;

/** Lines of left-aligned columns, each at least 12 wide and with 3 spaces after its longest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? MIN_WIDTH, length(cell) + PADDING);
    });
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - length(cell)),
      )
      .join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

function length(text: string): number {
  return [...text].length;
}
