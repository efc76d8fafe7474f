import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { all, mount } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, runtime } from '../helpers/runtime.ts';

suite('root', 'cgroup-v1');

const cgroup = (...options: string[]): Change =>
  mount({
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', ...options],
  });
const withoutCgroupNamespace: Change = (config) => withoutNamespace(config, 'cgroup');
const mapped: Change = (config) => withUserNamespace(config);
/** The hierarchies of this machine by the names of their directories. */
const hierarchies = readFileSync('/proc/self/cgroup', 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(':')[1] ?? '')
  .map((name) => name.replace('name=', '') || 'unified')
  .filter((name) => existsSync(`/sys/fs/cgroup/${name}`))
  // runc 1.1.5 leaves the second version's out.
  .filter((name) => runtime.kind === 'trunc' || name !== 'unified')
  .sort();

const list = 'ls /sys/fs/cgroup';
const look = `grep " /sys/fs/cgroup" /proc/self/mountinfo | cut -d" " -f4-6`;
/** The container's own pid in a file of its cgroup: a mount that shows another one would not have it there. */
const own = 'for d in memory pids; do cat /sys/fs/cgroup/$d/cgroup.procs; done';

for (const [name, change] of [
  ['with a cgroup namespace', () => {}],
  ['without one', withoutCgroupNamespace],
  ['with both namespaces', mapped],
  ['in a user namespace, without one for cgroups', all(mapped, withoutCgroupNamespace)],
] as [string, Change][]) {
  // The older ones fail in one way or another in user namespaces.
  t.test(
    name,
    only(
      change === withoutCgroupNamespace || name === 'with a cgroup namespace' ? ['trunc', 'runc'] : 'trunc',
    ),
    async (t) => {
      const seen = inside(all(change, cgroup()), `${list}; echo -; ${own}; echo -; ${look}`);
      const [names = '', pids, mounts = ''] = seen.split('\n-\n');
      t.same(
        names.split('\n').filter((name) => !name.includes(',')),
        hierarchies,
      );
      t.match(pids, /^1\n(\d+\n)*1\b/, 'its own cgroup');
      for (const line of mounts.split('\n')) t.match(line, /^\/ |^\/.*trunc-/, 'nothing of others is there');
      for (const line of mounts.split('\n')) t.match(line, /rw,nosuid,nodev,noexec,relatime/, line);
      // runc 1.1.5 keeps the mode of the directory of sysfs.
      if (runtime.kind !== 'trunc') return;
      t.match(inside(all(change, cgroup()), 'stat -c "%a %F" /sys/fs/cgroup'), '755 directory');
    },
  );

  // runc leaves the directory above the hierarchies writable.
  t.test(`${name}: read-only`, only('trunc'), async (t) => {
    const script = `${look}; touch /sys/fs/cgroup/x 2>&1; mkdir /sys/fs/cgroup/pids/x 2>&1; echo 9 > /sys/fs/cgroup/pids/pids.max`;
    const { stdout, stderr } = attempt(all(change, cgroup('ro')), script);
    const lines = stdout.trim().split('\n');
    const mounts = lines.filter((line) => line.includes('relatime'));
    t.equal(mounts.length, hierarchies.length + 1);
    for (const line of mounts) t.match(line, / ro,nosuid,nodev,noexec,relatime$/, line);
    t.equal(lines.filter((line) => line.endsWith('Read-only file system')).length, 2);
    t.match(stderr, /Read-only file system/);
  });
}

t.test('writable where it is', async (t) => {
  t.equal(
    inside(cgroup(), 'mkdir /sys/fs/cgroup/pids/sub && rmdir /sys/fs/cgroup/pids/sub && echo made'),
    'made',
  );
});

// runc 1.1.5 ignores recursive attributes of it.
t.test('in another place, with recursive attributes', only('trunc'), async (t) => {
  const change = mount({ destination: '/cg', type: 'cgroup', source: 'cgroup', options: ['rro', 'rnosuid'] });
  const seen = inside(change, 'grep " /cg" /proc/self/mountinfo | cut -d" " -f6').split('\n');
  t.equal(seen.length, hierarchies.length + 1);
  for (const options of seen) t.match(options, /^ro,nosuid/);
});

t.test('nothing is left', nothingLeft);
