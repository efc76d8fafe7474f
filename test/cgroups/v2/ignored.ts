import t from 'tap';
import { ignoredProperties } from '../../../src/cgroups/v2/ignored.ts';

t.same(ignoredProperties({}), []);
t.same(ignoredProperties({ memory: { limit: 5, disableOOMKiller: false }, cpu: { realtimeRuntime: 0 } }), []);
t.same(
  ignoredProperties({
    memory: { swappiness: 0, disableOOMKiller: true },
    cpu: { realtimeRuntime: 5, realtimePeriod: 9 },
  }),
  [
    'linux.resources.memory.swappiness',
    'linux.resources.memory.disableOOMKiller',
    'linux.resources.cpu.realtimeRuntime',
    'linux.resources.cpu.realtimePeriod',
  ],
);
