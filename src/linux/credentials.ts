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
  syscall('setgroups', gids.length, new Uint8Array(Uint32Array.from(gids).buffer));
}

export function setUmask(mask: number): void {
  syscall('umask', mask);
}
