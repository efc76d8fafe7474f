import t from 'tap';
import { fromOptions } from '../../../src/cli/commands/update.ts';

t.same(fromOptions({}), {}, 'nothing');
t.same(
  fromOptions({
    memory: '512m',
    'memory-swap': '-1',
    'cpu-quota': '50000',
    'cpu-idle': '1',
    'cpuset-cpus': '0-1',
    'pids-limit': '7',
    'blkio-weight': '100',
  }),
  {
    memory: { limit: 512 * 1024 ** 2, swap: -1 },
    cpu: { quota: 50000, idle: 1, cpus: '0-1' },
    pids: { limit: 7 },
    blockIO: { weight: 100 },
  },
);
t.throws(() => fromOptions({ 'cpu-quota': '5x' }), { message: /--cpu-quota/ }, 'no number');
