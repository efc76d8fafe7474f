/** What limits do, as far as it can be measured; the bounds are wide, since tests share the machine. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle, type Resources, readConfig, writeConfig } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { inside, nothingLeft, run, running } from '../helpers/runtime.ts';
import { newId, sleep, tag, temp } from '../helpers/sandbox.ts';

suite('root');

const TICKS_PER_SECOND = 100;

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

t.test('one processor and one memory node', async (t) => {
  const script = "grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status";
  const seen = inside(withResources({ cpu: { cpus: '0', mems: '0' } }), script);
  t.equal(seen, 'Cpus_allowed_list:\t0\nMems_allowed_list:\t0');
});

/** The numbers of the disk that has the tests' files; a partition has no limits of its own. */
function disk(): { major: number; minor: number } | undefined {
  const { dev } = statSync(temp);
  const link = `/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  if (!existsSync(link)) return undefined;
  const path = realpathSync(link);
  const whole = existsSync(`${path}/partition`) ? dirname(path) : path;
  const [major = 0, minor = 0] = readFileSync(`${whole}/dev`, 'utf8').split(':').map(Number);
  return { major, minor };
}

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
    return 1000 * (end - start);
  };
  const free = read(1 << 30);
  const throttled = read(512 << 10);
  t.ok(throttled > 1200 && throttled > free + 500, `${throttled} ms, without a limit ${free} ms`);
});

t.test('nothing is left', nothingLeft);
