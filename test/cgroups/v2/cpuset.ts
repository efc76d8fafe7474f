import t from 'tap';
import { cpuset } from '../../../src/cgroups/v2/cpuset.ts';

t.same(cpuset({ cpu: { cpus: '0-1' } }), [
  { file: 'cpuset.cpus', value: '0-1', field: 'linux.resources.cpu.cpus' },
]);
