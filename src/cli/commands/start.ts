import { start } from '../../container/start.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { startCommand } from '../table.ts';

export const handler: Handler<typeof startCommand> = (invocation) => {
  start({ ...containerOf(invocation), notifySocket: invocation.settings.notifySocket });
  return 0;
};
