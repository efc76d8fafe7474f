import t from 'tap';
import { rdma } from '../../../src/cgroups/v1/rdma.ts';

t.same(rdma({}), []);
t.same(rdma({ rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, rxe3: { hcaObjects: 0 } } }), [
  { file: 'rdma.max', value: 'mlx5_1 hca_handle=3 hca_object=10000', field: 'linux.resources.rdma.mlx5_1' },
  { file: 'rdma.max', value: 'rxe3 hca_object=0', field: 'linux.resources.rdma.rxe3' },
]);
