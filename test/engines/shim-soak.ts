/** Containers through containerd's shim, 20 at a time: none is lost, nothing is left. SHIMS=N says how many. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { IMAGE, startContainerd } from '../helpers/containerd.ts';
import { call, enterLab, RUNTIME, remains, shell } from '../helpers/lab.ts';
import { runtime } from '../helpers/runtime.ts';
import { cgroups, newId, temp } from '../helpers/sandbox.ts';

await enterLab('containerd', 'ctr', 'containerd-shim-runc-v2');

const TIMES = Number(process.env.SHIMS ?? 60);
const AT_ONCE = 20;
const daemon = startContainerd();

/** KiB of memory of its own of each live shim. */
function shims(): number[] {
  const memory = (pid: string) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('containerd-shim')) return [];
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return [...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)].reduce(
        (sum, [, size]) => sum + Number(size),
        0,
      );
    } catch {
      return []; // it has ended meanwhile
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(memory);
}

/**
 * What a container prints, and its exit status. The shim writes to a file: through FIFOs some output gets lost, with any runtime. ctr
 * gives up opening them when it hears of the container's end, also where its open has returned and it has not noticed.
 */
function run(id: string): Promise<string> {
  const log = join(temp, `${id}.log`);
  const flags = ['--rm', '--runc-binary', RUNTIME, '--log-uri', `file://${log}`];
  const line = ['run', ...flags, IMAGE, id, 'sh', '-c', 'echo $((40 + 2)); exit 7'];
  return new Promise((resolve) => {
    const child = spawn('ctr', line, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: undefined },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        text += data;
      });
    child.on('close', (status) =>
      resolve(`${shell(`cat ${log}; rm -f ${log}`, { status: null })}${text} ${status}`),
    );
  });
}

t.test(`${TIMES} containers, ${AT_ONCE} at a time`, { timeout: 3_600_000 }, async (t) => {
  let next = 0;
  let peak: number[] = [];
  const wrong: string[] = [];
  const began = Date.now();
  const worker = async () => {
    while (next < TIMES) {
      next += 1;
      const said = await run(newId());
      if (said !== '42 7') wrong.push(said);
      if (next % 50 === 0) peak = [...peak, ...shims()];
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const seconds = (Date.now() - began) / 1000;
  t.same(wrong, [], 'none is lost');
  const rate = (TIMES / seconds).toFixed(1);
  const median = peak.sort((a, b) => a - b)[peak.length >> 1];
  t.comment(
    `${runtime.kind}: ${seconds.toFixed(0)} s, ${rate} a second; a shim has ${median} KiB (median of ${peak.length})`,
  );
  t.equal(shell('ctr task ls -q; ctr container ls -q'), '', 'no task, no container');
  t.same(shims(), [], 'no shim');
  t.same(cgroups(), [], 'no cgroup');
  t.same(
    readdirSync('/run/containerd/runc')
      .flatMap((name) => readdirSync(`/run/containerd/runc/${name}`))
      .filter((name) => !name.startsWith('@')),
    [],
    'no state',
  );
  t.equal(
    call('sh', ['-c', 'grep -c /run/containerd/io.containerd /proc/mounts; true']).stdout,
    '0\n',
    'no mount',
  );
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
