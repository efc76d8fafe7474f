import { list } from '../../container/list.ts';
import { RuntimeError } from '../../errors.ts';
import { oneLine } from '../../log.ts';
import type { Handler } from '../invocation.ts';
import { print, table } from '../output.ts';
import type { listCommand } from '../table.ts';

const HEADER = ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'];

export const handler: Handler<typeof listCommand> = ({ settings: { root, rootGiven }, options }) => {
  const found = list({ root });
  // Only the default root may be missing: nothing has been created yet.
  if (found === undefined && rootGiven) {
    throw new RuntimeError(`--root ${root} does not exist`, { code: 'ROOT_INVALID', errno: 'ENOENT' });
  }
  const entries = found ?? [];
  if (options.quiet) {
    print(entries.map(({ id }) => `${id}\n`).join(''));
  } else if (options.format === 'json') {
    // `null` for none is what callers know from runc.
    print(`${JSON.stringify(entries.length === 0 ? null : entries)}\n`);
  } else {
    const rows = entries.map(({ id, pid, status, bundle, created, owner }) => {
      return [id, String(pid), status, oneLine(bundle), created, owner];
    });
    print(table([HEADER, ...rows]));
  }
  return 0;
};
