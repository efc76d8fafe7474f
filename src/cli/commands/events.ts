import { type ContainerEvent, events, measure } from '../../container/events.ts';
import { exactJson } from '../exact-json.ts';
import { containerOf, type Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { eventsCommand } from '../table-cgroup.ts';
import { parseDuration } from '../units.ts';

export const handler: Handler<typeof eventsCommand> = (invocation) => {
  const container = containerOf(invocation);
  const { interval, stats } = invocation.options;
  if (stats) tell(measure(container));
  else events({ ...container, interval: parseDuration('--interval', interval) }, tell);
  return 0;
};

function tell(event: ContainerEvent): void {
  print(`${exactJson(event)}\n`);
}
