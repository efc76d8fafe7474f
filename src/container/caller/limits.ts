import { raisesNofile } from '../../engine.ts';
import { readFile } from '../../linux/file.ts';

/**
 * The soft RLIMIT_NOFILE that the caller meant the program to have; undefined when it still is this
 * process's own. Under Node.js, which changes it, the parent's is the best guess.
 */
export function callerNofile(): number | undefined {
  if (!raisesNofile) return undefined;
  const [, soft] = /^Max open files +(\d+)/m.exec(readFile(`/proc/${process.ppid}/limits`)) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
