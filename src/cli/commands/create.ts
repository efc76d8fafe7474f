import { create } from '../../container/create.ts';
import { makeId, readCreateOptions } from '../create-options.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { createCommand } from '../table.ts';

export const handler: Handler<typeof createCommand> = async (invocation) => {
  const [id] = invocation.positionals;
  const { id: created } = create(readCreateOptions(invocation, id ?? (await makeId())));
  if (id === undefined) print(`${created}\n`);
  return 0;
};
