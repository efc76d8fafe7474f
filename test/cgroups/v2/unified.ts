import t from 'tap';
import { unified } from '../../../src/cgroups/v2/unified.ts';

t.same(unified({}), []);
t.same(
  unified({
    unified: {
      'memory.high': ' 5 ',
      'cgroup.max.depth': '2',
      'io.max': '8:0 rbps=5\n8:16 wiops=max\n',
      'cpuset.cpus': '',
    },
  }),
  [
    ['memory', [{ file: 'memory.high', value: ' 5 ', field: 'linux.resources.unified["memory.high"]' }]],
    [
      'cgroup',
      [{ file: 'cgroup.max.depth', value: '2', field: 'linux.resources.unified["cgroup.max.depth"]' }],
    ],
    [
      'io',
      [
        { file: 'io.max', value: '8:0 rbps=5', field: 'linux.resources.unified["io.max"]' },
        { file: 'io.max', value: '8:16 wiops=max', field: 'linux.resources.unified["io.max"]' },
      ],
    ],
    ['cpuset', [{ file: 'cpuset.cpus', value: '', field: 'linux.resources.unified["cpuset.cpus"]' }]],
  ],
);
