// Runs on the host.
import type { Fd } from '../linux/fd.ts';
import {
  plainNewlines,
  rawModes,
  setTerminalModes,
  setWindowSize,
  type TerminalModes,
  terminalModes,
  windowSize,
} from '../linux/tty.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** Makes the container's terminal, before anything is written there, fit the standard streams of this process. */
export function fitTerminal(master: Fd): void {
  resizeTerminal(master);
  // Between two terminals everything is passed on as it is. A file or pipe gets the lines as they were written.
  const isBetween = terminalModes(STDIN) !== undefined && terminalModes(STDOUT) !== undefined;
  const modes = terminalModes(master.number);
  if (!isBetween && modes !== undefined) setTerminalModes(master.number, plainNewlines(modes));
}

/** Gives the container's terminal the size of the caller's, if there is one that has a size. */
export function resizeTerminal(master: Fd): void {
  // The caller's went away, and this one with it.
  if (master.number < 0) return;
  for (const number of [STDIN, STDOUT, STDERR]) {
    const size = windowSize(number);
    if (size === undefined || size.height === 0 || size.width === 0) continue;
    setWindowSize(master, size);
    return;
  }
}

/** Has the keys of the caller's terminal go into the container one by one, until disposed of. */
export function makeStdinRaw(): Disposable {
  const modes = terminalModes(STDIN);
  if (modes === undefined) return { [Symbol.dispose]: () => {} };
  setStdinModes(rawModes(modes));
  return { [Symbol.dispose]: () => setStdinModes(modes) };
}

/** A terminal that has gone away meanwhile has none to be set, and that is no failure of the program's. */
function setStdinModes(modes: TerminalModes): void {
  try {
    setTerminalModes(STDIN, modes);
  } catch (error) {
    if (terminalModes(STDIN) !== undefined) throw error;
  }
}
