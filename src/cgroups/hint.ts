// Pure.
import type { ErrorCode } from '../errors.ts';

/**
 * What is usually behind a failure, if anything: the most telling of `CODE ERRNO CONTROLLER`, `CODE ERRNO` and
 * `ERRNO`. The controller is that of the file, whose name begins with it.
 */
export function hintFor(code: ErrorCode, errno: string | undefined, file = ''): string | undefined {
  const end = file.indexOf('.');
  const controller = end < 0 ? file : file.slice(0, end);
  return hint(`${code} ${errno} ${controller}`) ?? hint(`${code} ${errno}`) ?? hint(`${errno}`);
}

function hint(failure: string): string | undefined {
  switch (failure) {
    case 'EACCES':
    case 'EPERM':
      return (
        'this needs root, or a cgroup that was handed over to this user, ' +
        'as by systemd-run --user --scope -p Delegate=yes'
      );
    case 'CGROUP_ENABLE EACCES':
      return 'it was not handed over to this user, see Delegate= in systemd.resource-control(5) and user@.service';
    case 'EROFS':
      return 'the cgroup filesystem is mounted read-only';
    case 'CGROUP_SET ENOENT':
      return 'this kernel lacks the file, or the controller is not enabled for this cgroup';
    case 'CGROUP_SET ENOENT hugetlb':
      return 'this kernel has no huge pages of that size, see /sys/kernel/mm/hugepages';
    case 'CGROUP_SET ENOENT io':
      return 'weights need a kernel with CONFIG_BFQ_GROUP_IOSCHED or CONFIG_BLK_CGROUP_IOCOST';
    case 'CGROUP_SET ENOENT blkio':
      return 'weights need a kernel with CONFIG_BFQ_GROUP_IOSCHED, leaf weights one before 5.0';
    case 'CGROUP_SET EOPNOTSUPP io':
    case 'CGROUP_SET EOPNOTSUPP blkio':
      return 'a weight for one disk needs its I/O scheduler to be BFQ or, in version 2, its io.cost.qos to be enabled';
    case 'CGROUP_SET ENODEV io':
    case 'CGROUP_SET ENODEV blkio':
      return 'no disk has these numbers; a partition has no limits of its own';
    case 'CGROUP_SET ENODEV net_prio':
      return 'the host has no interface of that name';
    case 'CGROUP_SET ENODEV rdma':
      return 'the host has no RDMA device of that name, see /sys/class/infiniband';
    case 'CGROUP_SET EACCES cpuset':
      return 'the cgroup above it lacks some of these';
    case 'CGROUP_SET ENOSPC cpuset':
      return 'there are processes in it, which would have no CPU or no memory node left';
    case 'CGROUP_SET EBUSY':
      return 'more than that is in use';
    case 'CGROUP_SET EINVAL cpu':
      return 'the kernel does not take this value here; a cgroup above it may have less to give';
    case 'CGROUP_SET EINVAL':
    case 'CGROUP_SET ERANGE':
      return 'the kernel does not take this value here; a limit above it or beside it may contradict';
    case 'CGROUP_SET EPERM devices':
      return 'this needs root; a device must be allowed in the parent cgroup too';
    case 'CGROUP_ENABLE EBUSY':
      return 'version 2 has no controllers below a cgroup with processes of its own: move these to one below it';
    case 'CGROUP_ENABLE EOPNOTSUPP':
    case 'CGROUP_JOIN EOPNOTSUPP':
      return 'the cgroup, or one above it, is threaded';
    case 'CGROUP_JOIN EBUSY':
      return 'controllers are enabled for the cgroups below it, so that it can have no processes of its own';
    case 'CGROUP_JOIN ENOSPC':
      return 'its cpuset has no CPUs or no memory nodes';
    default:
      return undefined;
  }
}
