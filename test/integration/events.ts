import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { shell } from '../helpers/hooks.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  background,
  nothingLeft,
  refused,
  run,
  running,
  runtime,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { newId, root, temp, until } from '../helpers/sandbox.ts';

suite('root');

const MIB = 1 << 20;

/** Every key of a document, with the type of its value; counters of many names, and lists, are not looked into. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${path}: ${typeof value}`];
  if (/\.(raw|blkio|hugetlb|throttling|psi)$/.test(path)) return [path];
  return Object.entries(value).flatMap(([key, item]) => shape(item, `${path}.${key}`));
}

// crun has no such command.
t.test('the figures of a container', only(['trunc', 'runc']), async (t) => {
  const { id } = running(t, ({ linux }) => {
    linux.resources = { memory: { limit: 64 * MIB }, pids: { limit: 20 } };
  });
  const { stdout } = succeed(['events', '--stats', id]);
  t.match(stdout, /^[^\n]+\n$/, 'on one line');
  const { type, id: name, data } = JSON.parse(stdout);
  t.same([type, name], ['stats', id]);
  t.ok(data.cpu.usage.total > 0);
  t.equal(data.memory.usage.limit, 64 * MIB);
  t.ok(data.memory.usage.usage > 0);
  t.same(data.pids, { current: 1, limit: 20 });
  t.same(data.intel_rdt, {});
  t.equal(data.network_interfaces, null);
  const expected = `.cpu.usage.kernel: number .cpu.usage.user: number .cpuset.cpu_exclusive: number
    .memory.usage.failcnt: number .memory.swap.limit: number .memory.kernel.limit: number .memory.raw .blkio .hugetlb`;
  const keys = shape(data);
  for (const key of expected.split(/\s(?=\.)/)) t.ok(keys.includes(key.trim()), key);
});

t.test('a container that is deleted meanwhile', only('trunc', 'strace'), async (t) => {
  const { id } = running(t);
  const log = join(temp, newId());
  // Of the two the second kind is how version 2 is watched.
  const slowly = `strace -o ${log} -e trace=pidfd_open,eventfd2,inotify_init1 -e inject=eventfd2,inotify_init1:delay_enter=1000000`;
  const { done } = background(['events', id], { wrapper: slowly.split(' ') });
  until('the look at its status', () => existsSync(log) && readFileSync(log, 'utf8').includes('pidfd_open'));
  succeed(['delete', '--force', id]);
  refused(t, await done, /^trunc: container with id \S+ is not running$/m);
});

// runc 1.1.5 has no record of the container by then.
t.test('a container that is being created', only('trunc'), async (t) => {
  const id = newId();
  const log = join(temp, newId());
  const look = [...runtime.argv, '--root', root, 'events', '--stats', id].join(' ');
  const bundle = makeBundle((config) => {
    config.hooks = { createRuntime: [shell(`${look} > ${log} 2>&1; true`)] };
  });
  t.teardown(() => void run(['delete', '--force', id]));
  succeed(['create', id], { bundle });
  t.equal(readFileSync(log, 'utf8'), `trunc: container with id ${id} is not running\n`);
});

t.test('again and again, until the end', only(['trunc', 'runc']), async (t) => {
  const { id } = running(t);
  const { done, output } = background(['events', '--interval', '100ms', id]);
  until('three reports', () => output.stdout.split('\n').length > 3);
  for (const line of output.stdout.trim().split('\n').slice(0, 3)) t.equal(JSON.parse(line).type, 'stats');
  succeed(['kill', id, 'KILL']);
  // runc goes on until the cgroup is gone.
  if (runtime.kind === 'runc') succeed(['delete', '--force', id]);
  const { status } = await done;
  t.equal(status, 0, 'ends with the container');
});

t.test('out of memory', only(['trunc', 'runc']), async (t) => {
  const { id, bundle } = running(t, ({ process, linux }) => {
    process.args = ['/bin/sh', '-c', 'until [ -e /go ]; do sleep .1; done; x=y; while true; do x=$x$x; done'];
    linux.resources = { memory: { limit: 16 * MIB, swap: 16 * MIB } };
  });
  const { done, output } = background(['events', '--interval', '1s', id]);
  until('a first report', () => output.stdout !== '');
  writeFileSync(`${bundle}/rootfs/go`, '');
  // Before the cgroup is removed: runc tells nothing of one that it does not find any more.
  until('it to be told', () => output.stdout.includes('"oom"'));
  waitFor(id, 'stopped');
  if (runtime.kind === 'runc') succeed(['delete', '--force', id]);
  const { stdout } = await done;
  const types = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(
    types.find(({ type }) => type === 'oom'),
    { type: 'oom', id },
  );
});

t.test('what is refused', only(['trunc', 'runc']), async (t) => {
  const { id } = running(t);
  refused(t, run(['events', '--interval', '0s', id]), /interval/, 'no interval');
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  refused(t, run(['events', '--stats', id]), /not running/, 'stopped');
  refused(t, run(['events', 'no-such-container']), /does not exist/, 'unknown');
});

t.test('nothing is left', nothingLeft);
