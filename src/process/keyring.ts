// Runs in the container's namespaces.
import { effectiveUser } from '../linux/credentials.ts';
import { EDQUOT, ENOSYS } from '../linux/errno.ts';
import type { Fd } from '../linux/fd.ts';
import { readFile } from '../linux/file.ts';
import {
  describeKeyring,
  KEY_SEARCH,
  permitKeyring,
  tryJoinSessionKeyring,
  tryJoinSessionKeyringAs,
} from '../linux/keyring.ts';
import { errnoText } from '../linux/syscall.ts';
import { log } from '../log.ts';
import { withKeyLabel } from './labels.ts';

const MAX_SPARE_IDS = 16;

export interface SessionKeyring {
  /** Of the container. */
  id: string;
  hasUserNamespace: boolean;
  /** process.selinuxLabel, which the keyring gets too. */
  label: string | undefined;
}

/**
 * Gives the container a session keyring of its own, so that the caller's keys stay the caller's. Who enters the container
 * later finds it by its name. A caller who has none to give must not keep the container from running: a warning says so.
 */
export function joinSessionKeyring(proc: Fd, { id, hasUserNamespace, label }: SessionKeyring): void {
  const join = (): number => joinNamed(`_ses.${id}`, hasUserNamespace);
  const serial = label ? withKeyLabel(proc, label, join) : join();
  // A kernel without keys has none to hide.
  if (serial >= 0 || serial === -ENOSYS) return;
  log.warning(`the container stays in the session keyring of its caller: ${errnoText(-serial)}`);
}

/** Returns the serial number of the keyring, or minus the errno. */
function joinNamed(name: string, hasUserNamespace: boolean): number {
  const serial = tryJoinSessionKeyring(name);
  if (serial === -EDQUOT) return joinOnSpareQuota(name);
  if (serial < 0) return serial;
  const keyring = describeKeyring(serial);
  // Somebody else's of that name, who lets everybody find it to get at what the container will keep there.
  if (keyring.uid !== effectiveUser()) return tryJoinSessionKeyring(null);
  // The host's root, when it enters a user namespace, is not the owner.
  permitKeyring(keyring, hasUserNamespace ? KEY_SEARCH.other : KEY_SEARCH.user);
  return serial;
}

/**
 * A user other than root may have 200 keys (kernel.keys.maxkeys), which the containers of a user namespace use up with
 * their programs. But they have other users too, and it takes only one of them to own the keyring.
 */
function joinOnSpareQuota(name: string): number {
  let result = -EDQUOT;
  for (const uid of spareIds(readFile('/proc/self/uid_map'))) {
    result = tryJoinSessionKeyringAs(uid, name);
    if (result !== -EDQUOT) break;
  }
  return result;
}

/** Pure. The last ids of the widest range of a uid_map, without root. Source: user_namespaces(7). */
export function spareIds(uidMap: string): number[] {
  const ranges = uidMap
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const [first = 0, , count = 0] = ranges.reduce((a, b) => ((b[2] ?? 0) > (a[2] ?? 0) ? b : a), []);
  const length = Math.min(count, MAX_SPARE_IDS);
  const ids = Array.from({ length }, (_, index) => first + count - 1 - index);
  return ids.filter((id) => id > 0);
}
