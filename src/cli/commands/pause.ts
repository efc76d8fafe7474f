import { pauseContainer } from '../../container/pause.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { pauseCommand } from '../table-cgroup.ts';

export const handler: Handler<typeof pauseCommand> = (invocation) => {
  pauseContainer(containerOf(invocation));
  return 0;
};
