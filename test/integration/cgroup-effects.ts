/** What limits do, as far as it can be measured; the bounds are wide, since tests share the machine. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Change, makeBundle, type Resources, readConfig, writeConfig } from '../helpers/bundle.ts';
import { disk, processorTime, V1 } from '../helpers/cgroup.ts';
import { only, suite } from '../helpers/requires.ts';
import { inside, nothingLeft, run, running, succeed, waitFor } from '../helpers/runtime.ts';
import { newId, sleep, tag, until } from '../helpers/sandbox.ts';

suite('root');

const VERSION1 = { skip: V1 ? (false as const) : 'cgroup version 1' };

const withResources =
  (resources: Resources): Change =>
  (config) => {
    config.linux.cgroupsPath = `/${tag}/${newId()}`;
    config.linux.resources = resources;
  };

/** The parent of the cgroups here wins against everything else on the machine, which others may be busy with. */
function favourParent(): void {
  const [file, most] = V1 ? [`cpu/${tag}/cpu.shares`, 262144] : [`${tag}/cpu.weight`, 10000];
  writeFileSync(`/sys/fs/cgroup/${file}`, String(most));
}

/** A container that wants all of a processor, and its cgroup. */
function busy(t: Test, cpu: NonNullable<Resources['cpu']>) {
  const cgroup = `/${tag}/${newId()}`;
  const container = running(t, (config) => {
    config.linux.cgroupsPath = cgroup;
    config.linux.resources = { cpu };
    config.process.args = ['/bin/sh', '-c', 'while :; do :; done'];
  });
  favourParent();
  return { ...container, cgroup };
}

/**
 * Measures until it comes to what is expected, three times at most, and returns it all: a processor that stands still at
 * times, or a disk that others are busy with, spoils one of them, but a limit that does not hold is wrong each time.
 */
function measure<T>(once: () => T, isRight: (seen: T) => boolean): { seen: T[]; isRight: boolean } {
  const seen: T[] = [];
  do seen.push(once());
  while (seen.length < 3 && !isRight(seen.at(-1) as T));
  return { seen, isRight: isRight(seen.at(-1) as T) };
}

const isClose = (share: number, expected: number): boolean => Math.abs(share / expected - 1) < 0.15;
const rounded = (shares: number[]): string => shares.map((share) => share.toFixed(3)).join(', ');

t.test('a fifth of a processor', async (t) => {
  const { cgroup } = busy(t, { quota: 20_000, period: 100_000 });
  const share = () => {
    const start = process.hrtime.bigint();
    const before = processorTime(cgroup);
    sleep(3000);
    return (processorTime(cgroup) - before) / (Number(process.hrtime.bigint() - start) / 1e9);
  };
  const { seen, isRight } = measure(share, (share) => isClose(share, 0.2));
  t.ok(isRight, `${rounded(seen)} of a processor, within 15 %`);
});

/** The processor time that two containers get which want all of the same processor, the first by the second. */
function ratio(t: Test, first: Resources['cpu'], second: Resources['cpu']): number {
  const both = [first, second].map((cpu) => busy(t, { ...cpu, cpus: '0' }));
  const before = both.map(({ cgroup }) => processorTime(cgroup));
  sleep(3000);
  const [one = 0, other = 0] = both.map(({ cgroup }, index) => processorTime(cgroup) - (before[index] ?? 0));
  // In this order: the second may need the processor of the first to die.
  for (const { id } of both) succeed(['delete', '--force', id]);
  return one / other;
}

t.test('four shares to one', async (t) => {
  // In version 2 they are weights: 303 and 100.
  const expected = V1 ? 4 : 3.03;
  const once = () => ratio(t, { shares: 4096 }, { shares: 1024 });
  const { seen, isRight } = measure(once, (share) => isClose(share, expected));
  t.ok(isRight, `${rounded(seen)} to one, within 15 %`);
});

t.test('an idle one gets what is left', only(['trunc', 'newer runc']), async (t) => {
  const once = () => ratio(t, { shares: 1024 }, { idle: 1 });
  const { seen, isRight } = measure(once, (share) => share > 20);
  t.ok(isRight, rounded(seen));
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
  until('it to wait', () => /^State:\tD/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
});

const DISK = disk();

/** Milliseconds. */
interface Times {
  free: number;
  throttled: number;
}
const isThrottled = ({ free, throttled }: Times): boolean => throttled > 1200 && throttled > free + 500;

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
  const both = () => ({ free: read(1 << 30), throttled: read(512 << 10) });
  const { seen, isRight } = measure(both, isThrottled);
  t.ok(isRight, JSON.stringify(seen));
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
  const cases: [name: string, blocks: string, limit: NonNullable<Resources['blockIO']>][] = [
    ['bytes', 'bs=64k count=16', { throttleWriteBpsDevice: [{ ...device, rate: 512 << 10 }] }],
    ['number', 'bs=4k count=16', { throttleWriteIOPSDevice: [{ ...device, rate: 8 }] }],
  ];
  for (const [name, blocks, limit] of cases) {
    const both = () => ({ free: write(blocks, {}), throttled: write(blocks, limit) });
    const { seen, isRight } = measure(both, isThrottled);
    t.ok(isRight, `${name}: ${JSON.stringify(seen)}`);
  }
});

t.test('nothing is left', nothingLeft);
