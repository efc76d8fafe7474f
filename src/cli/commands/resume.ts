import { resumeContainer } from '../../container/pause.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { resumeCommand } from '../table-cgroup.ts';

export const handler: Handler<typeof resumeCommand> = (invocation) => {
  resumeContainer(containerOf(invocation));
  return 0;
};
