// Podman with systemd's cgroups of version 2, its checkpoints, and programs that say when they are ready.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { COUNTING, type Count, countIn, goesOn } from '../../helpers/checkpoint.ts';
import { setUpPodman } from '../../helpers/engine.ts';
import { remains } from '../../helpers/lab.ts';
import { SEND } from '../../helpers/notify.ts';
import { newId, temp, until } from '../../helpers/sandbox.ts';
import { show, units } from '../../helpers/systemd.ts';

const podman = setUpPodman('systemd');
const count = (name: string): Count => countIn(podman.exec(name, 'cat /tmp/count'));
const state = (name: string): string => podman.inspect(name, 'State.Status');

t.test('a scope, its limits, and pause', async (t) => {
  const name = podman.up(t, ['-m', '64m', '--cpus', '0.5', '--pids-limit', '20']);
  const scope = `libpod-${podman.inspect(name, 'Id')}.scope`;
  const properties = ['ActiveState', 'Slice', 'MemoryMax', 'CPUQuotaPerSecUSec', 'TasksMax'];
  t.same(show(scope, ...properties), {
    ActiveState: 'active',
    Slice: 'machine.slice',
    MemoryMax: '67108864',
    CPUQuotaPerSecUSec: '500ms',
    TasksMax: '20',
  });
  t.equal(podman.exec(name, 'cat /sys/fs/cgroup/memory.max /proc/self/cgroup'), '67108864\n0::/');
  t.match(
    podman.says('stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', name),
    /^2 .*[1-9].* \/ 67/,
  );
  podman.says('pause', name);
  t.equal(state(name), 'paused');
  podman.says('unpause', name);
  podman.says('stop', name);
  t.equal(podman.inspect(name, 'State.ExitCode'), '3');
  podman.remove(name);
  until('the end of its scope', () => units(scope) === '');
});

t.test('checkpoint, restore', async (t) => {
  const name = podman.up(t, ['-m', '64m'], COUNTING);
  until('it to count', () => count(name).number > 2);
  let before = count(name);
  podman.says('container', 'checkpoint', name);
  t.equal(state(name), 'exited');
  podman.says('container', 'restore', name);
  goesOn(t, () => count(name), before);
  podman.says('container', 'checkpoint', '--leave-running', name);
  before = count(name);
  goesOn(t, () => count(name), before, 'left running, it goes on');
});

t.test('a checkpoint as a file, after a pre-checkpoint, that goes on under another name', async (t) => {
  const name = podman.up(t, [], COUNTING);
  until('it to count', () => count(name).number > 2);
  const [first, file, copy] = [join(temp, newId()), join(temp, newId()), newId()];
  podman.says('container', 'checkpoint', '--pre-checkpoint', '-e', first, name);
  const before = count(name);
  podman.says('container', 'checkpoint', '--with-previous', '-e', file, name);
  podman.remove(name);
  t.teardown(() => podman.remove(copy));
  podman.says('container', 'restore', '--import-previous', first, '-i', file, '-n', copy);
  goesOn(t, () => count(copy), before);
});

t.test('a checkpoint from one pod to another', async (t) => {
  const newPod = (): string => podman.says('pod', 'create', '--share', 'ipc,uts');
  const [from, to] = [newPod(), newPod()];
  t.teardown(() => void podman.call(['pod', 'rm', '-f', '-t', '0', from, to], { status: null }));
  const name = podman.up(t, ['--pod', from], COUNTING);
  until('it to count', () => count(name).number > 2);
  const [file, copy] = [join(temp, newId()), newId()];
  const before = count(name);
  podman.says('container', 'checkpoint', '-e', file, name);
  podman.says('pod', 'start', to);
  podman.says('container', 'restore', '--pod', to, '-i', file, '-n', copy);
  goesOn(t, () => count(copy), before);
});

t.test('--sdnotify=container: its program says when the service is ready', async (t) => {
  const name = newId();
  const service = `${name}.service`;
  t.teardown(() => {
    podman.remove(name);
    for (const verb of ['stop', 'reset-failed']) spawnSync('systemctl', [verb, service]);
  });
  // perl is the machine's.
  const host = ['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
  const program = ['/usr/bin/perl', '-e', SEND, '--', '1', 'READY=1', '1', 'STATUS=up', '1000'];
  const run = ['podman', 'run', '-d', '--sdnotify=container', '--name', name, ...host, 'bb', ...program];
  const settings = ['Type=notify', 'NotifyAccess=all', 'TimeoutStartSec=600'].flatMap((each) => ['-p', each]);
  const environment = Object.entries(podman.env).flatMap(([key, value]) => ['-E', `${key}=${value}`]);
  const { status, stderr } = spawnSync(
    'systemd-run',
    ['--unit', service, ...settings, ...environment, ...run],
    {
      encoding: 'utf8',
    },
  );
  t.equal(status, 0, stderr);
  t.match(show(service, 'ActiveState'), { ActiveState: 'active' });
  t.equal(state(name), 'running');
});

t.test('nothing is left', async (t) => {
  t.same(remains(), []);
  t.equal(units('libpod-*'), '');
});
