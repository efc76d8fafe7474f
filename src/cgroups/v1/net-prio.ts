// Pure.
import type { Resources } from '../../spec/config.ts';
import { type CgroupWrite, write } from '../write.ts';

/** linux.resources.network.priorities as file of the v1 controller, one write for each of the host's interfaces. */
export function netPrio({ network = {} }: Resources): CgroupWrite[] {
  const { priorities = [] } = network;
  return priorities.map(({ name, priority }, index) =>
    write('net_prio.ifpriomap', `${name} ${priority}`, `network.priorities[${index}]`),
  );
}
