// Docker with the systemd driver on cgroup version 2: each container is a scope. Its checkpoints go on counting.
import { join } from 'node:path';
import t from 'tap';
import { COUNTING, type Count, countIn, goesOn } from '../../helpers/checkpoint.ts';
import { startContainerd } from '../../helpers/containerd.ts';
import { startDocker } from '../../helpers/engine.ts';
import { remains } from '../../helpers/lab.ts';
import { newId, temp, until } from '../../helpers/sandbox.ts';
import { show, units } from '../../helpers/systemd.ts';

// dockerd gives a containerd of its own 15 seconds to start, which can be too few in an emulated machine.
const containerd = startContainerd();
const socket = ['--containerd', join(temp, 'containerd.sock')];
const systemd = ['--exec-opt', 'native.cgroupdriver=systemd', '--cgroup-parent', 'system.slice'];
const { docker, daemon } = startDocker(...socket, ...systemd, '--experimental');

const scope = (name: string): string => `docker-${docker.inspect(name, 'Id')}.scope`;
const state = (name: string): string => docker.inspect(name, 'State.Status');

/** What is in these files of its cgroup, as it sees them. */
function limits(name: string, ...files: string[]): string[] {
  return docker.exec(name, `cd /sys/fs/cgroup && cat ${files.join(' ')}`).split('\n');
}

t.test('the driver', async (t) => {
  t.equal(docker.says('info', '-f', '{{.CgroupDriver}} {{.CgroupVersion}}'), 'systemd 2');
});

t.test('limits, and an update of them', async (t) => {
  const flags = ['-m', '64m', '--memory-reservation', '32m', '--cpus', '0.5', '--pids-limit', '20'];
  const name = docker.up(t, [...flags, '--cpuset-cpus', '0']);
  const files = ['memory.max', 'memory.low', 'cpu.max', 'pids.max', 'cpuset.cpus'];
  t.same(limits(name, ...files), ['67108864', '33554432', '50000 100000', '20', '0']);
  const properties = ['ActiveState', 'Slice', 'MemoryMax', 'CPUQuotaPerSecUSec', 'TasksMax', 'AllowedCPUs'];
  t.same(show(scope(name), ...properties), {
    ActiveState: 'active',
    Slice: 'system.slice',
    MemoryMax: '67108864',
    CPUQuotaPerSecUSec: '500ms',
    TasksMax: '20',
    AllowedCPUs: '0',
  });
  docker.says('update', '-m', '128m', '--memory-swap', '256m', '--cpus', '0.7', '--pids-limit', '30', name);
  t.same(limits(name, ...files), ['134217728', '33554432', '70000 100000', '30', '0']);
  const changed = { MemoryMax: '134217728', CPUQuotaPerSecUSec: '700ms', TasksMax: '30' };
  t.match(show(scope(name), ...properties), changed, 'systemd knows');
  t.match(
    docker.says('stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', name),
    /^2 .*[1-9].* \/ 128MiB$/,
  );
});

t.test('pause, exec, stop, start, rm', async (t) => {
  const name = docker.up(t);
  docker.says('pause', name);
  t.equal(state(name), 'paused');
  t.not(docker.call(['exec', name, 'true'], { status: null }).status, 0);
  docker.says('unpause', name);
  t.equal(docker.exec(name, 'cat /proc/self/cgroup'), '0::/', 'in the same cgroup');
  t.equal(docker.exec(name, 'cat /proc/1/comm', ['--privileged']), 'sh');
  docker.says('stop', name);
  t.equal(docker.inspect(name, 'State.ExitCode'), '3');
  const unit = scope(name);
  until('the end of its scope', () => units(unit) === '');
  docker.says('start', name);
  t.match(show(unit, 'ActiveState'), { ActiveState: 'active' }, 'and a new one');
  docker.remove(name);
  until('its end', () => units(unit) === '');
});

t.test('killed for its memory, and started again', async (t) => {
  const flags = ['-m', '32m', '--memory-swap', '32m', '--restart', 'on-failure:1'];
  const name = docker.up(t, flags, 'tail /dev/zero & wait $!');
  until('a second end', () => docker.inspect(name, 'RestartCount') === '1' && state(name) === 'exited');
  t.equal(docker.inspect(name, 'State.ExitCode'), '137');
});

t.test('rights', async (t) => {
  const script = 'mkdir /m && mount -t tmpfs none /m && test -w /sys/fs/cgroup/cgroup.procs && echo done';
  t.equal(docker.inside(['--privileged'], script), 'done');
  const seen = docker.inside([], 'grep ^Seccomp: /proc/self/status; mknod /f c 10 229; true </f || echo no');
  t.equal(seen, 'Seccomp:\t2\nno', 'no device but the usual ones');
});

t.test('networks', async (t) => {
  const network = newId();
  docker.says('network', 'create', network);
  t.teardown(() => void docker.says('network', 'rm', network));
  const name = docker.up(t, ['--net', network]);
  t.match(docker.inside(['--net', network], `ping -c 1 -W 10 ${name}`), /1 packets received/);
});

t.test('checkpoint', async (t) => {
  const name = docker.up(t, ['-m', '64m'], COUNTING);
  const count = (): Count => countIn(docker.exec(name, 'cat /tmp/count'));
  until('it to count', () => count().number > 2);
  let before = count();
  docker.says('checkpoint', 'create', name, 'one');
  t.equal(docker.says('checkpoint', 'ls', name).split('\n').at(-1), 'one');
  t.equal(state(name), 'exited');
  until('the end of its scope', () => units(scope(name)) === '');
  docker.says('start', '--checkpoint', 'one', name);
  goesOn(t, count, before);
  t.match(show(scope(name), 'ActiveState', 'MemoryMax'), { ActiveState: 'active', MemoryMax: '67108864' });
  before = count();
  docker.says(
    'checkpoint',
    'create',
    '--leave-running',
    '--checkpoint-dir',
    join(temp, 'checkpoints'),
    name,
    'two',
  );
  goesOn(t, count, before, 'left running, it goes on');
  t.equal(state(name), 'running');
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  containerd.stop();
  t.same(remains(), []);
  t.equal(units('docker-*'), '');
});
