import { log } from '../log.ts';

/** Undoes what was done, last to first. What fails must not hide why it is undone, nor keep the rest from it. */
export function undoAll(steps: readonly (() => void)[]): void {
  for (const step of [...steps].reverse()) {
    try {
      step();
    } catch (error) {
      log.warning(`while undoing: ${(error as Error).message}`);
    }
  }
}
