import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parsePaths, pathsToEnter } from '../../src/cgroups/enter.ts';

const dir = mkdtempSync(join(tmpdir(), 'trunc-enter-'));
t.teardown(() => rmSync(dir, { recursive: true }));
const cgroup = (path: string): string => {
  mkdirSync(join(dir, path), { recursive: true });
  writeFileSync(join(dir, path, 'cgroup.procs'), '');
  return join(dir, path);
};

t.test('parsePaths', async (t) => {
  t.equal(parsePaths([]), undefined);
  t.same(parsePaths(['a/b']), { all: 'a/b' });
  t.same(parsePaths(['/']), { all: '/' });
  t.same(parsePaths(['cpu,memory:/a', 'pids:b']), { by: { cpu: '/a', memory: '/a', pids: 'b' } });
  const bad: [string[], RegExp][] = [
    [['../x'], /contains "\.\."/],
    [['cpu:a/../b'], /contains "\.\."/],
    [['a', 'b'], /names no controller/],
    [['cpu:a', 'b'], /names no controller/],
    [[':a'], /empty name/],
    [['cpu,:a'], /empty name/],
    [['cpu:a', 'pids,cpu:b'], /cpu is there twice/],
  ];
  for (const [asked, message] of bad) t.throws(() => parsePaths(asked), { code: 'CGROUP_PATH', message });
});

t.test('pathsToEnter', async (t) => {
  const cpu = cgroup('cpu');
  const pids = cgroup('pids');
  const both = { cpu, pids };
  cgroup('cpu/sub');
  t.same(pathsToEnter(both, process.pid, []), both, 'as they are');
  t.same(pathsToEnter(both, process.pid, ['/']), both);
  t.same(pathsToEnter(both, process.pid, ['cpu:/sub/']), { cpu: `${cpu}/sub`, pids });
  t.throws(() => pathsToEnter(both, process.pid, ['sub']), {
    message: `--cgroup: there is no cgroup ${pids}/sub`,
  });
  t.throws(() => pathsToEnter(both, process.pid, ['memory:sub']), { message: /no cgroup of memory/ });
  const unified = cgroup('unified');
  t.same(
    pathsToEnter({ cpu, '': unified }, process.pid, ['sub']),
    { cpu: `${cpu}/sub`, '': unified },
    'the other half of a hybrid host may lack it',
  );
  const v2 = { '': unified };
  t.throws(() => pathsToEnter(v2, process.pid, ['sub']), { message: /there is no cgroup/ });
  cgroup('unified/sub');
  t.same(pathsToEnter(v2, process.pid, ['sub']), { '': `${unified}/sub` });
});
