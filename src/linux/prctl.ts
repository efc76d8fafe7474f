import { EINVAL } from './errno.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';

/** For call chains: the signal that comes when the parent has ended, and what execve can no longer give. */
export const PR_SET_PDEATHSIG = 1;
export const PR_SET_NO_NEW_PRIVS = 38;
/** For call chains: whether files of the process in /proc belong to its user, who may also trace it. */
export const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NAME = 15;
const PR_CAPBSET_DROP = 24;
const PR_SET_CHILD_SUBREAPER = 36;
/** For call chains too: capabilities that stay over execve for who is not root. */
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

const prctl = (option: number, a = 0, b = 0): number => syscall('prctl', option, a, b, 0, 0);

/** Sources: prctl(2), capabilities(7). */
export const setDumpable = (on: boolean): number => prctl(PR_SET_DUMPABLE, on ? 1 : 0);
/** What ps shows of this thread, 15 bytes of it. */
export const setName = (name: string): number => syscall('prctl', PR_SET_NAME, name, 0, 0, 0);
export const keepCapabilities = (on: boolean): number => prctl(PR_SET_KEEPCAPS, on ? 1 : 0);
/** Drops a capability from the bounding set; false when this kernel has none of that number. */
export function tryDropBounding(capability: number): boolean {
  const result = trySyscall('prctl', PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (result < 0 && result !== -EINVAL) throw syscallError('prctl', -result);
  return result === 0;
}

export const becomeSubreaper = (): number => prctl(PR_SET_CHILD_SUBREAPER, 1);
export const setNoNewPrivileges = (): number => prctl(PR_SET_NO_NEW_PRIVS, 1);
export const raiseAmbient = (capability: number): number =>
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
export const clearAmbient = (): number => prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
