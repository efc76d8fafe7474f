import t from 'tap';
import { undoOf } from '../../src/cgroups/undo.ts';

t.test('a single value is written as it was read', async (t) => {
  t.equal(undoOf('memory.max', 'max', '65536'), 'max');
  t.equal(undoOf('memory.limit_in_bytes', '9223372036854771712', '65536'), '9223372036854771712');
  t.equal(undoOf('cpu.max', 'max 100000', '5000 10000'), 'max 100000');
  t.equal(undoOf('cpuset.cpus', '', '0'), '', 'none of its own');
  t.equal(undoOf('blkio.bfq.weight', '100', '300'), '100');
  t.equal(undoOf('cgroup.pressure', '1', '0'), '1');
});

t.test('of a file with a line for each disk, only that which was written', async (t) => {
  const throttle = 'blkio.throttle.read_bps_device';
  t.equal(undoOf(throttle, '254:0 5\n254:16 6', '254:16 1048576'), '254:16 6');
  t.equal(undoOf(throttle, '254:1 5', '254:16 1048576'), '254:16 0', 'no limit');
  t.equal(undoOf('blkio.bfq.weight_device', '', '8:0 300'), '8:0 default');
  const max = '8:0 rbps=1 wbps=max riops=max wiops=9';
  t.equal(undoOf('io.max', `8:16 rbps=2\n${max}`, '8:0 rbps=5'), max);
  t.equal(undoOf('io.max', '', '8:0 rbps=5'), '8:0 rbps=max wbps=max riops=max wiops=max');
  t.equal(undoOf('io.latency', '', '8:0 target=5'), '8:0 target=max');
});

t.test('weights of version 2: for all disks, and for one', async (t) => {
  const before = 'default 100\n8:0 50';
  for (const file of ['io.weight', 'io.bfq.weight']) {
    t.equal(undoOf(file, before, '300'), 'default 100');
    t.equal(undoOf(file, before, 'default 300'), 'default 100');
    t.equal(undoOf(file, before, '8:0 300'), '8:0 50');
    t.equal(undoOf(file, before, '8:16 300'), '8:16 default');
  }
});

t.test('interfaces, RDMA devices and resources have a line each', async (t) => {
  t.equal(undoOf('net_prio.ifpriomap', 'lo 0\neth0 3', 'eth0 7'), 'eth0 3');
  const rdma = 'mlx4_0 hca_handle=2 hca_object=max';
  t.equal(undoOf('rdma.max', `ocrdma1 hca_handle=3\n${rdma}`, 'mlx4_0 hca_handle=9'), rdma);
  t.equal(undoOf('misc.max', 'sev max\nsev_es 4', 'sev_es 9'), 'sev_es 4');
  t.equal(undoOf('misc.max', '', 'sev 9'), undefined, 'what there is none of');
});

t.test('files that are read in other words', async (t) => {
  t.equal(undoOf('memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 0', '1'), '0');
  t.equal(undoOf('cgroup.subtree_control', 'cpu io', '+memory +cpu -io'), '-memory +io');
  t.equal(undoOf('cgroup.subtree_control', '', '+memory'), '-memory');
  t.equal(undoOf('cgroup.subtree_control', 'memory', '+memory'), undefined);
});

t.test('what keeps nothing', async (t) => {
  for (const file of [
    'cgroup.procs',
    'cgroup.kill',
    'cgroup.type',
    'memory.reclaim',
    'memory.pressure',
    'memory.peak',
  ])
    t.equal(undoOf(file, 'x', 'y'), undefined, file);
});
