import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { type Change, makeBundle, type Resources, withoutNamespace } from '../helpers/bundle.ts';
import { cgroupFile, V1 } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  attempt,
  background,
  create,
  inside,
  nothingLeft,
  refused,
  run,
  running,
  runtime,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { cgroups, newId, tag } from '../helpers/sandbox.ts';

suite('root');

const at =
  (cgroup: string, resources: Resources = {}): Change =>
  (config) => {
    config.linux.cgroupsPath = cgroup;
    config.linux.resources = resources;
  };

t.test('limits', async (t) => {
  const cgroup = `/${tag}/limits`;
  create(
    t,
    at(cgroup, {
      memory: { limit: 64 << 20, reservation: 32 << 20 },
      cpu: { shares: 512, quota: 50_000, period: 200_000 },
      pids: { limit: 33 },
    }),
  );
  t.equal(cgroupFile(cgroup, 'memory/memory.limit_in_bytes', 'memory.max'), String(64 << 20));
  t.equal(cgroupFile(cgroup, 'memory/memory.soft_limit_in_bytes', 'memory.low'), String(32 << 20));
  t.equal(cgroupFile(cgroup, 'pids/pids.max', 'pids.max'), '33');
  if (V1) {
    t.equal(cgroupFile(cgroup, 'cpu/cpu.shares', ''), '512');
    t.equal(cgroupFile(cgroup, 'cpu/cpu.cfs_quota_us', ''), '50000');
    t.equal(cgroupFile(cgroup, 'cpu/cpu.cfs_period_us', ''), '200000');
  } else t.equal(cgroupFile(cgroup, '', 'cpu.max'), '50000 200000');
});

t.test('no limits', async (t) => {
  const cgroup = `/${tag}/free`;
  create(t, at(cgroup));
  t.equal(cgroupFile(cgroup, 'pids/pids.max', 'pids.max'), 'max');
  if (runtime.kind === 'crun') return; // writes -1
  create(t, at(`${cgroup}-1`, { memory: { limit: -1 }, pids: { limit: -1 } }));
  t.equal(cgroupFile(`${cgroup}-1`, 'pids/pids.max', 'pids.max'), 'max');
});

t.test('every process of the container is in it, from the first moment', async (t) => {
  const cgroup = `/${tag}/member`;
  const seen = inside((config) => {
    at(cgroup)(config);
    withoutNamespace(config, 'cgroup');
  }, 'cat /proc/self/cgroup').split('\n');
  const paths = Object.fromEntries(seen.map((line) => line.split(':').slice(1)));
  for (const controller of V1
    ? ['memory', 'cpu', 'cpuset', 'pids', 'devices', 'freezer', 'blkio', 'cpuacct']
    : [''])
    t.equal(paths[controller], cgroup, controller);
});

t.test('is removed with the container', async (t) => {
  const cgroup = `/${tag}/removed`;
  const { id } = running(t, at(cgroup));
  t.ok(cgroups().some((path) => path.endsWith(cgroup)));
  succeed(['delete', '--force', id]);
  t.same(
    cgroups().filter((path) => path.endsWith(cgroup)),
    [],
  );
});

// Others may be about to make one there, and an administrator may have given it limits.
t.test('the cgroups above it stay, also those that create has made', async (t) => {
  const { id } = create(t, at(`/${tag}/above/below`));
  succeed(['delete', '--force', id]);
  t.ok(cgroups().some((path) => path.endsWith(`/${tag}/above`)));
  for (const path of cgroups().filter((path) => path.endsWith(`/${tag}/above`))) rmdirSync(path);
});

// runc leaves them.
t.test(
  'a create that fails takes back those above it too, whoever else is there',
  only('trunc'),
  async (t) => {
    const bundle = (name: string, resources: Resources) =>
      makeBundle(at(`/${tag}/shared/${name}`, resources));
    const bundles = [1, 2, 3, 4].map((n) => bundle(`${n}`, n % 2 ? { cpu: { quota: 1 } } : {}));
    for (let round = 0; round < 3; round += 1) {
      const ids = bundles.map(() => newId());
      const results = await Promise.all(
        ids.map((id, n) => background(['create', id], { bundle: bundles[n] as string }).done),
      );
      t.same(
        results.map(({ status }) => status),
        [1, 0, 1, 0],
      );
      for (const id of ids) run(['delete', '--force', id]);
      for (const path of cgroups().filter((path) => path.endsWith('/shared'))) rmdirSync(path);
    }
    refused(t, run(['create', newId()], { bundle: bundles[0] as string }), /cpu\.quota/);
    t.same(
      cgroups().filter((path) => path.includes('/shared')),
      [],
    );
  },
);

t.test('a frozen cgroup is refused', only(['trunc', 'runc']), async (t) => {
  const cgroup = `/${tag}/frozen`;
  const [dir, file, frozen, thawed] = V1
    ? ['/sys/fs/cgroup/freezer', 'freezer.state', 'FROZEN', 'THAWED']
    : ['/sys/fs/cgroup', 'cgroup.freeze', '1', '0'];
  mkdirSync(`${dir}${cgroup}`, { recursive: true });
  writeFileSync(`${dir}${cgroup}/${file}`, frozen);
  refused(t, attempt(at(cgroup), 'true'), /container's cgroup unexpectedly frozen/);
  writeFileSync(`${dir}${cgroup}/${file}`, thawed);
  rmdirSync(`${dir}${cgroup}`);
});

t.test('cgroups that the container made go too', only(['trunc', 'crun'], 'cgroup-v1'), async (t) => {
  const cgroup = `/${tag}/nested`;
  const { id } = running(t, at(cgroup));
  mkdirSync(`/sys/fs/cgroup/memory${cgroup}/a/b`, { recursive: true });
  succeed(['delete', '--force', id]);
  t.same(
    cgroups().filter((path) => path.includes(cgroup)),
    [],
  );
});

t.test('the limits hold', async (t) => {
  // KILL may hit the shell or its child, as the kernel likes.
  const hog = attempt(at(`/${tag}/hog`, { memory: { limit: 32 << 20, swap: 32 << 20 } }), [
    '/bin/tail',
    '/dev/zero',
  ]);
  t.equal(hog.status, 137, 'memory');
  const forks = attempt(
    at(`/${tag}/forks`, { pids: { limit: 8 } }),
    'for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done',
  );
  t.match(forks.stderr, /can't fork|Resource temporarily unavailable/, 'pids');
});

t.test('without cgroupsPath it is named after the ID', only(['trunc', 'runc']), async (t) => {
  const { id } = create(t, (config) => void delete config.linux.cgroupsPath);
  t.ok(cgroups().some((path) => path.endsWith(`/${id}`)));
});

t.test('a relative path', only(['trunc', 'runc']), async (t) => {
  const relative = `${tag}-relative`;
  const { id } = create(t, at(relative));
  t.ok(cgroups().some((path) => path.endsWith(`/${relative}`)));
  succeed(['delete', '--force', id]);
});

// runc 1.1.5 takes the dots for what they say, below the mount point.
t.test('cannot leave the hierarchy', only('trunc'), async (t) => {
  refused(t, attempt(at(`/../../${tag}/dots/../climbed`), 'true'), /linux\.cgroupsPath/);
});

// runc 1.1.5 warns.
t.test('a cgroup with processes in it is refused and left alone', only('trunc'), async (t) => {
  const cgroup = `/${tag}/taken`;
  const { pid } = running(t, at(cgroup));
  const id = newId();
  refused(t, run(['create', id], { bundle: makeBundle(at(cgroup)) }), /container's cgroup is not empty/);
  t.match(cgroupFile(cgroup, 'pids/cgroup.procs', 'cgroup.procs'), String(pid));
});

t.test('an empty cgroup that is there already is used', async (t) => {
  const cgroup = `/${tag}/ready`;
  const dir = `/sys/fs/cgroup/${V1 ? 'pids' : ''}${cgroup}`;
  mkdirSync(dir, { recursive: true });
  create(t, at(cgroup, { pids: { limit: 44 } }));
  t.equal(cgroupFile(cgroup, 'pids/pids.max', 'pids.max'), '44');
});

t.test('small limits: the runtime needs nothing of its own', async (t) => {
  t.equal(inside(at(`/${tag}/6m`, { memory: { limit: 6 << 20 } }), ['/bin/true']), '', '6 MiB');
  t.equal(inside(at(`/${tag}/1p`, { pids: { limit: 1 } }), ['/bin/true']), '', 'one process');
  const both = at(`/${tag}/both`, { memory: { limit: 6 << 20, swap: 6 << 20 }, pids: { limit: 1 } });
  t.equal(inside(both, ['/bin/true']), '', 'both');
});

// crun leaves the cgroup.
t.test('a limit that the kernel refuses', only(['trunc', 'runc']), async (t) => {
  const result = attempt(at(`/${tag}/bad`, { cpu: { quota: 1, period: 100_000 } }), 'true');
  refused(t, result, /cpu|invalid argument/);
  t.same(
    cgroups().filter((path) => path.endsWith('/bad')),
    [],
    'and its cgroup is gone',
  );
});

t.test('--cgroup-manager=disabled: none', only(['trunc', 'crun']), async (t) => {
  const globals = ['--cgroup-manager', 'disabled'];
  const { id, pid } = running(t, at(`/${tag}/none`), [], { globals });
  t.equal(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
  t.equal(run(['exec', id, 'true']).status, 0);
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  succeed(['delete', id]);
  t.same(cgroups(), []);
  if (runtime.kind !== 'trunc') return; // crun forgets the limit
  const limited = attempt(at('', { pids: { limit: 9 } }), 'true', { globals });
  refused(t, limited, /linux\.resources\.pids: --cgroup-manager=disabled leaves nothing/);
});

t.test('nothing is left', nothingLeft);
