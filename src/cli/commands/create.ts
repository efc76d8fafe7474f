import { create } from '../../container/create.ts';
import { inspection, makeId, readCreateOptions } from '../create-options.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { createCommand } from '../table.ts';

export const handler: Handler<typeof createCommand> = async (invocation) => {
  const [id] = invocation.positionals;
  const options = readCreateOptions(invocation, id ?? (await makeId()));
  const { id: created } = create({ ...options, ...(await inspection()) });
  if (id === undefined) print(`${created}\n`);
  return 0;
};
