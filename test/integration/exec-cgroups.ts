import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { readConfig } from '../helpers/bundle.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import { type Container, nothingLeft, run, running, runtime, succeed } from '../helpers/runtime.ts';
import { until } from '../helpers/sandbox.ts';

suite('root');
// crun 1.8 takes less of config.json for exec (no user, no environment), and says 1 for its own failures.
if (runtime.kind === 'crun') {
  t.plan(0, 'only trunc, runc');
  process.exit(0);
}

/** The container's cgroup below the mount point. */
const pathOf = ({ bundle }: Container) => readConfig(bundle).linux.cgroupsPath as string;

function makeBelow(t: Test, container: Container, controllers: readonly string[], name: string): void {
  for (const controller of controllers) {
    const dir = `/sys/fs/cgroup/${controller}${pathOf(container)}/${name}`;
    if (existsSync(dir)) continue;
    mkdirSync(dir);
    t.teardown(() => {
      try {
        rmdirSync(dir);
      } catch {
        // With the container.
      }
    });
  }
}

/** What the host sees in /proc/PID/cgroup of a process of exec: controller → path. */
function cgroupsOf(container: Container, flags: string[]): Record<string, string> {
  const pidFile = `${container.bundle}/pid`;
  succeed(['exec', '-d', '--pid-file', pidFile, ...flags, container.id, 'sleep', '1000']);
  const text = readFileSync(`/proc/${readFileSync(pidFile, 'utf8')}/cgroup`, 'utf8');
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(':').slice(1) as [string, string]),
  );
}

t.test('--cgroup in version 1', requires('cgroup-v1'), async (t) => {
  const container = running(t);
  makeBelow(t, container, ['pids', 'memory'], 'sub');
  const path = pathOf(container);
  const seen = cgroupsOf(container, ['--cgroup', 'pids,memory:/sub']);
  t.equal(seen.pids, `${path}/sub`);
  t.equal(seen.memory, `${path}/sub`);
  t.equal(seen.devices, path, "the others are the container's");
  const { status, stderr } = run(['exec', '--cgroup', 'sub', container.id, 'true']);
  t.equal(status, 255, 'it is not there in all hierarchies');
  if (runtime.kind === 'trunc') t.match(stderr, /^exec failed: --cgroup: there is no cgroup \//);
  for (const cgroup of ['../x', 'pids:..', 'nosuch:/sub', 'pids:/nosuch'])
    t.equal(run(['exec', '--cgroup', cgroup, container.id, 'true']).status, 255, cgroup);
});

t.test('--cgroup in version 2', only('trunc', 'cgroup-v2'), async (t) => {
  const container = running(t);
  makeBelow(t, container, ['.'], 'sub');
  t.equal(cgroupsOf(container, ['--cgroup', 'sub'])[''], `${pathOf(container)}/sub`);
  t.equal(cgroupsOf(container, [])[''], pathOf(container));
  t.not(run(['exec', '--cgroup', 'nosuch', container.id, 'true']).status, 0);
});

t.test(
  'a container that has made cgroups has its new processes beside the first',
  only('trunc', 'cgroup-v2'),
  async (t) => {
    const script = `
    mkdir /sys/fs/cgroup/init && echo $$ > /sys/fs/cgroup/init/cgroup.procs
    echo +pids > /sys/fs/cgroup/cgroup.subtree_control && exec sleep 1000
  `;
    const container = running(t, (config) => {
      config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' });
      config.process.args = ['/bin/sh', '-c', script];
    });
    const top = `/sys/fs/cgroup${pathOf(container)}`;
    until('its cgroups', () => readFileSync(`${top}/cgroup.subtree_control`, 'utf8').includes('pids'));
    t.equal(cgroupsOf(container, [])[''], `${pathOf(container)}/init`);
    t.not(run(['exec', '--cgroup', '/', container.id, 'true']).status, 0, 'unless it is asked for');
  },
);

t.test('memory of the runtime is not charged to the container', only(['trunc', 'newer runc']), async (t) => {
  const container = running(t, (config) => {
    config.linux.resources = { memory: { limit: 6 << 20 } };
  });
  t.equal(run(['exec', container.id, 'true']).status, 0);
});

t.test(
  'a single process is allowed more: no thread of the runtime counts',
  only(['trunc', 'newer runc']),
  async (t) => {
    const container = running(t, (config) => {
      config.linux.resources = { pids: { limit: 2 } };
    });
    t.equal(run(['exec', container.id, 'true']).status, 0);
  },
);

t.test('nothing is left', nothingLeft);
