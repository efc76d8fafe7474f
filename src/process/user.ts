// Runs in the container's namespaces.
import { within } from '../errors.ts';
import { setGroup, setGroups, setUser } from '../linux/credentials.ts';
import { failedWith } from '../linux/path.ts';
import type { User } from '../spec/config.ts';

const DENIED =
  'who maps one group without privileges has to give up setgroups: map ranges, which newgidmap does, or leave the groups out';

/** Takes on process.user, groups first: without the privileges of the old user they could not be set. */
export function becomeUser({ uid = 0, gid = 0, additionalGids = [] }: User): void {
  const field = 'process.user.additionalGids';
  try {
    within(field, () => setGroups(additionalGids), { code: 'PROCESS_SET', field, hint: DENIED });
  } catch (error) {
    // A user namespace may deny setgroups; that matters only to who asks for groups.
    if (!failedWith(error, 'EPERM') || additionalGids.length > 0) throw error;
  }
  within(`process.user.gid: become group ${gid}`, () => setGroup(gid), {
    code: 'PROCESS_SET',
    field: 'process.user.gid',
  });
  within(`process.user.uid: become user ${uid}`, () => setUser(uid), {
    code: 'PROCESS_SET',
    field: 'process.user.uid',
  });
}
