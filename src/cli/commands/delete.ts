import { deleteContainer } from '../../container/delete.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { deleteCommand } from '../table.ts';

export const handler: Handler<typeof deleteCommand> = (invocation) => {
  deleteContainer({ ...containerOf(invocation), force: invocation.options.force });
  return 0;
};
