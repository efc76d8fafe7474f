import { RuntimeError } from '../errors.ts';
import type { Fd } from './fd.ts';
import { readFile } from './file.ts';
import { newMount } from './mount.ts';
import { failedWith, O_DIRECTORY, O_PATH, openPath } from './path.ts';
import { SIGKILL } from './signal.ts';
import { isInProc } from './stat.ts';

/**
 * A procfs of the current pid namespace that is mounted nowhere, so that nothing can be mounted over its
 * files. Where the kernel refuses one (a masked /proc in an outer container) the visible /proc, checked, if that is the host's.
 */
export function openProc(seesHost = true): Fd {
  try {
    return newMount('proc', [], 0);
  } catch (error) {
    if (!seesHost || !failedWith(error, 'EPERM')) throw error;
  }
  const proc = openPath('/proc', O_PATH | O_DIRECTORY);
  if (isInProc(proc)) return proc;
  throw new RuntimeError('/proc is no procfs', { code: 'MOUNT', hint: 'mount one there: init needs it' });
}

export interface ProcessStat {
  /** One letter: R, S, Z (zombie), X (dead) … */
  state: string;
  /** The pid of its parent; 0 when that is in an outer pid namespace. */
  parent: number;
  /** Whether it cannot but end: it is about to, or has been sent SIGKILL. */
  isEnding: boolean;
  /** Clock ticks since boot. With the pid it names a process for ever. */
  startTime: number;
}

/** PF_EXITING and PF_SIGNALED of the kernel's linux/sched.h. */
const PF_ENDING = 0x4 | 0x400;
const KILL_PENDING = 1 << (SIGKILL - 1);

/** What /proc/PID/stat says; undefined when there is no such process. Source: proc(5). */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFile(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const isEnding = (Number(fields[6]) & PF_ENDING) !== 0 || (Number(fields[28]) & KILL_PENDING) !== 0;
  return { state: fields[0] as string, parent: Number(fields[1]), isEnding, startTime: Number(fields[19]) };
}
