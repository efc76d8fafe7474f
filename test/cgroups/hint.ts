import t from 'tap';
import { hintFor } from '../../src/cgroups/hint.ts';

t.test('the most telling one', async (t) => {
  t.match(hintFor('CGROUP_SET', 'EBUSY', 'memory.max'), /in use/);
  t.match(hintFor('CGROUP_SET', 'EINVAL', 'pids.max'), /does not take/);
  t.match(hintFor('CGROUP_SET', 'EINVAL', 'cpu.max'), /above it/);
  t.match(hintFor('CGROUP_SET', 'EPERM', 'devices.allow'), /device/);
  t.match(hintFor('CGROUP_SET', 'EPERM', 'pids.max'), /root/);
  t.match(hintFor('CGROUP_SET', 'EACCES', 'cpuset.cpus'), /above it lacks/);
  t.match(hintFor('CGROUP_SET', 'ENOENT', 'hugetlb.3MB.max'), /huge pages/);
  t.match(hintFor('CGROUP_SET', 'ENOENT', 'io.weight'), /IOCOST/);
  t.match(hintFor('CGROUP_SET', 'EOPNOTSUPP', 'io.weight'), /one disk/);
  t.match(hintFor('CGROUP_SET', 'ENODEV', 'rdma.max'), /RDMA/);
  t.match(hintFor('CGROUP_SET', 'ENODEV', 'blkio.throttle.read_bps_device'), /disk/);
  t.match(hintFor('CGROUP_SET', 'ENOENT', 'cpu.idle'), /lacks the file/);
});

t.test('where no file is concerned', async (t) => {
  t.match(hintFor('CGROUP_CREATE', 'EACCES'), /root/);
  t.match(hintFor('CGROUP_CREATE', 'EROFS'), /read-only/);
  t.match(hintFor('CGROUP_ENABLE', 'EBUSY'), /processes of its own/);
  t.match(hintFor('CGROUP_ENABLE', 'EOPNOTSUPP'), /threaded/);
  t.match(hintFor('CGROUP_JOIN', 'EBUSY'), /enabled/);
  t.match(hintFor('CGROUP_JOIN', 'ENOSPC'), /cpuset/);
  t.equal(hintFor('CGROUP_JOIN', 'EIO'), undefined);
  t.equal(hintFor('CGROUP_JOIN', undefined), undefined);
});
