import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { type Config, makeRootfs, writeConfig } from '../helpers/bundle.ts';
import { cgroupFile, V1, weightFile } from '../helpers/cgroup.ts';
import { suite } from '../helpers/requires.ts';
import { nothingLeft, run, runtime, start, state, succeed, waitFor } from '../helpers/runtime.ts';
import { newId, tag, temp } from '../helpers/sandbox.ts';

suite('root');

// What users of the engines type about limits, on configs as the engines have written them. Only what was the engine's
// own on its machine is replaced: files that it mounts, hooks that enter its network, the namespace of that.

const MIB = 1 << 20;
const WEIGHT = weightFile();
const DIRECTORIES = ['/dev/shm'];

/** A bundle of the config that an engine has written. */
function engineBundle(engine: string, id: string, change: (config: Config) => void): string {
  const bundle = join(temp, id);
  makeRootfs(join(bundle, 'rootfs'));
  const config = JSON.parse(readFileSync(`test/fixtures/engines/${engine}.json`, 'utf8')) as Config;
  config.root.path = 'rootfs';
  config.hooks = {};
  config.linux.cgroupsPath = `/${tag}/${id}`;
  for (const namespace of config.linux.namespaces) delete namespace.path;
  for (const mount of config.mounts.filter(({ type }) => type === 'bind')) {
    const source = join(bundle, 'engine', mount.destination);
    mkdirSync(DIRECTORIES.includes(mount.destination) ? source : dirname(source), { recursive: true });
    if (!DIRECTORIES.includes(mount.destination)) writeFileSync(source, engine);
    mount.source = source;
  }
  config.process.args = ['/bin/sleep', '1000'];
  change(config);
  writeConfig(bundle, config);
  return bundle;
}

/** The limits that `docker run` puts into the config for its options. */
const asTyped = ({ linux }: Config): void => {
  linux.resources = {
    ...linux.resources,
    // --cpu-shares, --cpu-period, --cpu-quota, --cpuset-cpus, --pids-limit
    cpu: { ...linux.resources?.cpu, shares: 512, period: 50_000, quota: 25_000, cpus: '0' },
    pids: { limit: 20 },
    // --blkio-weight, without which Docker warns where the kernel has none.
    ...(WEIGHT ? { blockIO: { ...linux.resources?.blockIO, weight: 300 } } : {}),
  };
};

for (const engine of ['docker', 'containerd', 'podman']) {
  t.test(`a config of ${engine}`, async (t) => {
    const id = newId();
    const bundle = engineBundle(engine, id, asTyped);
    const file = (v1: string, v2: string) => cgroupFile(`/${tag}/${id}`, v1, v2);
    t.teardown(() => void run(['delete', '--force', id]));
    succeed(['create', id], { bundle });
    start({ id, pid: state(id)?.pid as number });

    t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), String(64 * MIB), '-m');
    t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '59', '-c');
    t.equal(file('cpuset/cpuset.cpus', 'cpuset.cpus'), '0', '--cpuset-cpus');
    t.equal(file('pids/pids.max', 'pids.max'), '20', '--pids-limit');
    t.match(file('cpu/cpu.cfs_quota_us', 'cpu.max'), /^25000/, '--cpu-quota');
    t.match(file('cpu/cpu.cfs_period_us', 'cpu.max'), /50000$/, '--cpu-period');
    if (WEIGHT) t.equal(file(WEIGHT.v1, WEIGHT.v2), WEIGHT.of300, '--blkio-weight');

    if (runtime.kind !== 'crun') {
      const { data } = JSON.parse(succeed(['events', '--stats', id]).stdout);
      t.match(data, { memory: { usage: { limit: 64 * MIB } }, pids: { current: 1, limit: 20 } }, 'stats');
      t.match(succeed(['ps', id]).stdout, /sleep 1000/, 'top');
    }
    succeed(['pause', id]);
    t.match(succeed(['state', id]).stdout, /"status": "paused"/, 'pause');
    succeed(['resume', id]);
    t.match(succeed(['state', id]).stdout, /"status": "running"/, 'unpause');

    // What `docker update -m 100m` sends: all that it knows of, as 0 where nothing was asked for.
    const update = {
      memory: { limit: 100 * MIB, reservation: 0, swap: 200 * MIB },
      cpu: { shares: 0, period: 0, quota: 0, cpus: '', mems: '', realtimePeriod: 0, realtimeRuntime: 0 },
      blockIO: { weight: 0 },
    };
    succeed(['update', '--resources', '-', id], { stdin: JSON.stringify(update) });
    t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), String(100 * MIB), 'update -m');
    t.equal(file('cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '59', 'the others stay');
    t.equal(file('pids/pids.max', 'pids.max'), '20');

    succeed(['kill', id, 'KILL']);
    waitFor(id, 'stopped');
    succeed(['delete', id]);
  });
}

t.test('nothing is left', nothingLeft);
