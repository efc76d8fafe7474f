/** What limits do where systemd makes the cgroup (version 2); cgroup-effects.ts has the same by the files alone. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import type { Change, Resources } from '../helpers/bundle.ts';
import { disk, processorTime } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, background, inside, nothingLeft, state, succeed, waitFor } from '../helpers/runtime.ts';
import { sleep, until } from '../helpers/sandbox.ts';
import { globals, unit, unitName } from '../helpers/systemd.ts';

suite('root', 'cgroup-v2');

const limited =
  (resources: Resources): Change =>
  ({ linux }) => {
    linux.cgroupsPath = `system.slice:test:${unitName()}`;
    linux.resources = resources;
  };

t.test('a program over its memory is killed, which events tells of', only(['trunc', 'runc']), async (t) => {
  const { id, bundle } = unit(t, ({ linux, process }) => {
    linux.resources = { memory: { limit: 16 << 20, swap: 16 << 20 } };
    // systemd removes the cgroup, and the count in it, when the last process ends: the shell lives a little longer.
    const script = 'until [ -e /go ]; do sleep .1; done; (x=y; while true; do x=$x$x; done); sleep 5';
    process.args = ['/bin/sh', '-c', script];
  });
  const { done, output } = background(['events', '--interval', '1s', id], { globals });
  until('a first report', () => output.stdout !== '');
  writeFileSync(`${bundle}/rootfs/go`, '');
  waitFor(id, 'stopped');
  const types = (await done).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  t.ok(types.includes('oom'), types.join(' '));
});

t.test('a fifth of a processor, and none while paused', async (t) => {
  const { id, cgroup } = unit(t, ({ linux, process }) => {
    linux.resources = { cpu: { quota: 20_000, period: 100_000, shares: 262_144 } };
    process.args = ['/bin/sh', '-c', 'while :; do :; done'];
  });
  const share = () => {
    const start = process.hrtime.bigint();
    const before = processorTime(cgroup);
    sleep(3000);
    return (processorTime(cgroup) - before) / (Number(process.hrtime.bigint() - start) / 1e9);
  };
  const running = share();
  t.ok(Math.abs(running - 0.2) < 0.03, `${running.toFixed(3)} of a processor, within 15 %`);
  succeed(['pause', id], { globals });
  t.equal(state(id)?.status, 'paused');
  t.equal(share().toFixed(3), '0.000');
  succeed(['resume', id], { globals });
  t.ok(share() > 0.15, 'and on it goes');
});

t.test('one processor, few processes, no other devices', async (t) => {
  const change: Change = (config) => {
    limited({
      cpu: { cpus: '0', mems: '0' },
      pids: { limit: 6 },
      devices: [{ allow: false, access: 'rwm' }],
    })(config);
    config.linux.devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666 }];
  };
  const script =
    "grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status; (: </dev/kmsg) 2>&1; : </dev/zero; " +
    '(for i in 1 2 3 4 5 6 7; do sleep 1 & done) 2>&1';
  const { stdout } = attempt(change, script, { globals });
  t.match(stdout, /Cpus_allowed_list:\t0\nMems_allowed_list:\t0\n/);
  t.match(stdout, /kmsg: Operation not permitted/);
  t.notMatch(stdout, /zero/);
  t.match(stdout, /can't fork|Resource temporarily unavailable/);
});

const DISK = disk();

t.test('half a MiB in a second', { skip: DISK ? false : 'no disk' }, async (t) => {
  const now = 'read now idle </proc/uptime; echo $now';
  const script = `${now}; dd if=/dev/zero of=/file oflag=direct bs=64k count=16 2>/dev/null; ${now}`;
  const write = (rate: number) => {
    const throttleWriteBpsDevice = [{ ...(DISK as NonNullable<typeof DISK>), rate }];
    const seen = inside(limited({ blockIO: { throttleWriteBpsDevice } }), script, { globals });
    const [start = 0, end = 0] = seen.split('\n').map(Number);
    return Math.round(1000 * (end - start));
  };
  const [free, throttled] = [write(1 << 30), write(512 << 10)];
  t.ok(throttled > 1200 && throttled > free + 500, `${throttled} ms, without a limit ${free} ms`);
});

t.test('two huge pages of four', only('trunc'), async (t) => {
  writeFileSync('/proc/sys/vm/nr_hugepages', '4');
  t.teardown(() => writeFileSync('/proc/sys/vm/nr_hugepages', '0'));
  const change: Change = (config) => {
    limited({ hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }] })(config);
    config.mounts.push({ destination: '/huge', type: 'hugetlbfs', source: 'none', options: ['pagesize=2M'] });
  };
  const script =
    'fallocate -l 4194304 /huge/two && echo two; fallocate -l 2097152 /huge/third 2>&1 || echo refused';
  t.match(attempt(change, script, { globals }).stdout, /^two\n.*\nrefused\n$/);
});

t.test('nothing is left', nothingLeft);
