import t from 'tap';
import { rdma } from '../../../src/cgroups/v2/rdma.ts';

t.equal(rdma({ rdma: { mlx5_1: { hcaHandles: 3 } } })[0]?.value, 'mlx5_1 hca_handle=3');
