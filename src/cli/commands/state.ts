import { state } from '../../container/state.ts';
import { containerOf, type Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { stateCommand } from '../table.ts';

export const handler: Handler<typeof stateCommand> = (invocation) => {
  print(`${JSON.stringify(state(containerOf(invocation)), null, 2)}\n`);
  return 0;
};
