/** What limits do, as far as it can be measured; the bounds are wide, since tests share the machine. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Change, makeBundle, type Resources, readConfig, writeConfig } from '../helpers/bundle.ts';
import { disk, V1 } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { inside, nothingLeft, run, running, succeed, waitFor } from '../helpers/runtime.ts';
import { newId, sleep, tag, until } from '../helpers/sandbox.ts';

suite('root');

const TICKS_PER_SECOND = 100;
const VERSION1 = { skip: V1 ? (false as const) : 'cgroup version 1' };

const withResources =
  (resources: Resources): Change =>
  (config) => {
    config.linux.cgroupsPath = `/${tag}/${newId()}`;
    config.linux.resources = resources;
  };

/** Processor time that a process has had, in seconds. */
function processorTime(pid: number): number {
  // The name of the program, which may have blanks, is in brackets before: proc(5).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

t.test('a fifth of a processor', async (t) => {
  const { pid } = running(t, (config) => {
    withResources({ cpu: { quota: 20_000, period: 100_000 } })(config);
    config.process.args = ['/bin/sh', '-c', 'while :; do :; done'];
  });
  const start = Date.now();
  const before = processorTime(pid);
  sleep(2000);
  const share = (1000 * (processorTime(pid) - before)) / (Date.now() - start);
  t.ok(share > 0.05 && share < 0.27, `${share.toFixed(2)} of a processor`);
});

/** The processor time that two containers get which want all of the same processor, the first by the second. */
function ratio(t: Test, first: Resources['cpu'], second: Resources['cpu']): number {
  const both = [first, second].map((cpu) =>
    running(t, (config) => {
      withResources({ cpu: { ...cpu, cpus: '0' } })(config);
      config.process.args = ['/bin/sh', '-c', 'while :; do :; done'];
    }),
  );
  const before = both.map(({ pid }) => processorTime(pid));
  sleep(2000);
  const [one = 0, other = 0] = both.map(({ pid }, index) => processorTime(pid) - (before[index] ?? 0));
  // In this order: the second may need the processor of the first to die.
  for (const { id } of both) succeed(['delete', '--force', id]);
  return one / other;
}

t.test('four shares to one', async (t) => {
  const share = ratio(t, { shares: 4096 }, { shares: 1024 });
  t.ok(share > 2 && share < 8, share.toFixed(2));
});

// Newer than runc 1.1.5.
t.test('an idle one gets what is left', only('trunc'), async (t) => {
  const share = ratio(t, { shares: 1024 }, { idle: 1 });
  t.ok(share > 20, share.toFixed(2));
});

t.test('one processor and one memory node', async (t) => {
  const script = "grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status";
  const seen = inside(withResources({ cpu: { cpus: '0', mems: '0' } }), script);
  t.equal(seen, 'Cpus_allowed_list:\t0\nMems_allowed_list:\t0');
});

t.test('without the OOM killer a program waits for memory', VERSION1, async (t) => {
  const cgroup = `/${tag}/${newId()}`;
  const change: Change = (config) => {
    withResources({ memory: { limit: 16 << 20, swap: 16 << 20, disableOOMKiller: true } })(config);
    config.linux.cgroupsPath = cgroup;
    // It has to run out of memory by itself: a system call would end with an error.
    config.process.args = ['/bin/sh', '-c', 'a=xxxxxxxxxxxxxxxx; while :; do a=$a$a; done'];
  };
  const { id, pid } = running(t, change);
  const file = `/sys/fs/cgroup/memory${cgroup}/memory.oom_control`;
  until('it to be out of memory', () => readFileSync(file, 'utf8').includes('under_oom 1'));
  t.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^State:\tD/m);
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
});

const DISK = disk();

t.test('half a MiB in a second', { skip: DISK ? false : 'no disk' }, async (t) => {
  const bundle = makeBundle();
  const file = join(bundle, 'rootfs/file');
  const read = (rate: number) => {
    // On the disk and not in the page cache.
    writeFileSync(file, randomBytes(1 << 20), { flush: true });
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
    const throttleReadBpsDevice = [{ ...(DISK as { major: number; minor: number }), rate }];
    const config = readConfig(bundle);
    withResources({ blockIO: { throttleReadBpsDevice } })(config);
    // Timed inside: to make the container takes longer on an emulated machine.
    const now = 'read now idle </proc/uptime; echo $now';
    config.process.args = ['/bin/sh', '-c', `${now}; cat /file >/tmp/copy; ${now}`];
    writeConfig(bundle, config);
    const { status, stdout, stderr } = run(['run', newId()], { bundle });
    t.equal(status, 0, stderr);
    const [start = 0, end = 0] = stdout.split('\n').map(Number);
    return Math.round(1000 * (end - start));
  };
  const free = read(1 << 30);
  const throttled = read(512 << 10);
  t.ok(throttled > 1200 && throttled > free + 500, `${throttled} ms, without a limit ${free} ms`);
});

t.test('writes, by bytes and by number', { skip: DISK ? false : 'no disk' }, async (t) => {
  const device = DISK as { major: number; minor: number };
  const now = 'read now idle </proc/uptime; echo $now';
  // Past the page cache: version 1 knows of no other writer's.
  const write = (blocks: string, blockIO: NonNullable<Resources['blockIO']>) => {
    const script = `${now}; dd if=/dev/zero of=/file oflag=direct ${blocks} 2>/dev/null; ${now}`;
    const [start = 0, end = 0] = inside(withResources({ blockIO }), script).split('\n').map(Number);
    return Math.round(1000 * (end - start));
  };
  const [large, small] = ['bs=64k count=16', 'bs=4k count=16'];
  const free = [write(large, {}), write(small, {})];
  const bytes = write(large, { throttleWriteBpsDevice: [{ ...device, rate: 512 << 10 }] });
  t.ok(bytes > 1200 && bytes > (free[0] ?? 0) + 500, `${bytes} ms, without a limit ${free[0]} ms`);
  const number = write(small, { throttleWriteIOPSDevice: [{ ...device, rate: 8 }] });
  t.ok(number > 1200 && number > (free[1] ?? 0) + 500, `${number} ms, without a limit ${free[1]} ms`);
});

t.test('nothing is left', nothingLeft);
