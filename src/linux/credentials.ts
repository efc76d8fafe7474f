import { syscall } from './syscall.ts';

/** Real, effective and saved user id of the calling thread, the one that executes the program. */
export function setUser(uid: number): void {
  syscall('setresuid', uid, uid, uid);
}

/** Real, effective and saved group id of the calling thread. */
export function setGroup(gid: number): void {
  syscall('setresgid', gid, gid, gid);
}

/** The supplementary groups of the calling thread. */
export function setGroups(gids: readonly number[]): void {
  syscall('setgroups', gids.length, new Uint8Array(new Uint32Array(gids).buffer));
}

/** The effective user id of the calling thread. */
export function effectiveUser(): number {
  return syscall('geteuid');
}

/** The effective group id of the calling thread. */
export function effectiveGroup(): number {
  return syscall('getegid');
}

export function setUmask(mask: number): void {
  syscall('umask', mask);
}
