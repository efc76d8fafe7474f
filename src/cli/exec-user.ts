import { RuntimeError } from '../errors.ts';

/** The greatest number, 0xffffffff, means "no change" to the kernel. */
const MAX_ID = 0xfffffffe;

/** Whom the options name; what they do not say is undefined. */
export interface UserChange {
  uid?: number;
  gid?: number;
  additionalGids: readonly number[];
}

/**
 * Reads `UID[:GID]` and groups. Numbers only, and nothing that could be meant otherwise: what other programs made of
 * such text has been root (CVE-2026-30892).
 */
export function readUser(user: string | undefined, groups: readonly string[]): UserChange {
  const additionalGids = groups.map((group) => readId('--additional-gids', group, group));
  if (user === undefined) return { additionalGids };
  const [uid = '', gid, ...more] = user.split(':');
  if (more.length > 0) throw refusal('--user', user);
  return {
    uid: readId('--user', user, uid),
    ...(gid === undefined ? {} : { gid: readId('--user', user, gid) }),
    additionalGids,
  };
}

function readId(option: string, whole: string, text: string): number {
  if (/^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) <= MAX_ID) return Number(text);
  throw refusal(option, whole);
}

function refusal(option: string, text: string): RuntimeError {
  const form = option === '--user' ? 'UID[:GID], numbers' : 'a number';
  return new RuntimeError(
    `${option}: must be ${form} from 0 to ${MAX_ID} without leading zeros, found ${JSON.stringify(text)}`,
    { code: 'USER_INVALID', field: option },
  );
}
