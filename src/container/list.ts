import { readFile } from '../linux/file.ts';
import { statusAt } from '../linux/stat.ts';
import { log } from '../log.ts';
import type { StoreOptions } from './options.ts';
import { type StateDocument, stateOf } from './state.ts';
import { containerDirectory, findRecord, isThere, listIds } from './store.ts';

/** The `list` command: the containers of a store; undefined when there is no store. What cannot be read is skipped. */
export function list({ root }: StoreOptions): StateDocument[] | undefined {
  const ids = listIds(root);
  if (ids === undefined) return undefined;
  const names = userNames();
  return ids.flatMap((id) => {
    const options = { root, id };
    try {
      const record = findRecord(options);
      if (record === undefined) return [];
      const { uid } = statusAt(containerDirectory(options));
      return [{ ...stateOf(options, record), owner: names(uid) }];
    } catch (error) {
      // It may have been deleted meanwhile.
      if (!isThere(options)) return [];
      log.warning(`container ${id} is skipped: ${(error as Error).message}`);
      return [];
    }
  });
}

/** Names of uids from /etc/passwd, `#uid` where there is none. */
function userNames(): (uid: number) => string {
  const known = new Map<number, string>();
  for (const line of readFile('/etc/passwd').split('\n')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && !known.has(Number(uid))) known.set(Number(uid), name);
  }
  return (uid) => known.get(uid) ?? `#${uid}`;
}
