import { syscall, trySyscall } from './syscall.ts';

const KEYCTL_JOIN_SESSION_KEYRING = 1;
const KEYCTL_SETPERM = 5;
const KEYCTL_DESCRIBE = 6;
const DESCRIPTION_SIZE = 4096;
const UNCHANGED = -1;

/** Permissions of a key to be found. Source: keyctl_setperm(3), include/linux/key.h. */
export const KEY_SEARCH = { user: 0x080000, other: 0x08 } as const;

/** A keyring, as far as this program looks at it. */
export interface Keyring {
  serial: number;
  /** In the caller's user namespace. */
  uid: number;
  permissions: number;
}

/**
 * Joins the session keyring of that name that the caller may find, else a new one; without a name always a new one.
 * Returns its serial number, or minus the errno. A new one belongs to the real user and counts in that user's quota.
 */
export function tryJoinSessionKeyring(name: string | null): number {
  return trySyscall('keyctl', KEYCTL_JOIN_SESSION_KEYRING, name);
}

/** As tryJoinSessionKeyring, for a new keyring that is charged to `uid`, which the caller must be privileged to take on. */
export function tryJoinSessionKeyringAs(uid: number, name: string): number {
  const changed = trySyscall('setresuid', uid, UNCHANGED, UNCHANGED);
  if (changed < 0) return changed;
  try {
    return tryJoinSessionKeyring(name);
  } finally {
    syscall('setresuid', 0, UNCHANGED, UNCHANGED);
  }
}

/** Source: keyctl_describe(3): `type;uid;gid;permissions;name`, the permissions in hexadecimal. */
export function describeKeyring(serial: number): Keyring {
  const buffer = Buffer.alloc(DESCRIPTION_SIZE);
  const length = syscall('keyctl', KEYCTL_DESCRIBE, serial, buffer, DESCRIPTION_SIZE);
  const [, uid, , permissions] = buffer.toString('latin1', 0, length).split(';');
  return { serial, uid: Number(uid), permissions: Number.parseInt(permissions as string, 16) };
}

/** Adds bits to the permissions of a keyring. Source: keyctl_setperm(3). */
export function permitKeyring({ serial, permissions }: Keyring, more: number): void {
  syscall('keyctl', KEYCTL_SETPERM, serial, permissions | more);
}
