/**
 * Times and memory of trunc, runc and crun in one run. Usage, as root, after a build:
 *   npm run bench -- [--rounds N] [--quick] [--json FILE] [--runtimes trunc,runc,crun] [--trace VERB] [--security]
 * It is a program to run by hand, not a test: it needs a quiet machine and a minute or two.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { say, stop } from '../scripts/project.mjs';
import { installDebianPackages, requireRoot } from '../scripts/setup.mjs';

const UNIFIED = '/sys/fs/cgroup/unified';

/**
 * crun 1.8 gives up where a hybrid hierarchy has controllers in its v2 half. In a mount namespace without that half every
 * runtime sees plain v1, and has the same to do.
 */
function hideHybrid() {
  if (!existsSync(`${UNIFIED}/cgroup.controllers`)) return;
  // The tmpfs takes what crun writes there all the same.
  const script = `umount ${UNIFIED} && mount -t tmpfs tmpfs ${UNIFIED} && exec "$@"`;
  const again = ['-m', 'sh', '-c', script, 'sh', process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', again, { stdio: 'inherit' });
  process.exit(status ?? 1);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      runtimes: { type: 'string', default: 'trunc,runc,crun' },
      trace: { type: 'string' },
      security: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 8 : 40));
  if (!Number.isInteger(rounds) || rounds < 1) stop('--rounds takes a positive number');
  return { ...values, rounds, names: values.runtimes.split(',') };
}

function machine() {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu.model.trim()}, Linux ${release()}, ${new Date().toISOString().slice(0, 10)}`;
}

async function compare({ names, rounds, json }) {
  const { cleanUp, findRuntimes } = await import('./runtimes.mjs');
  const { timeAll } = await import('./rounds.mjs');
  const { measureMemory } = await import('./memory.mjs');
  const { summarize, table } = await import('./report.mjs');
  process.on('exit', cleanUp);
  const runtimes = findRuntimes(names);
  const load = loadavg()[0].toFixed(2);
  const times = summarize(timeAll(runtimes, rounds));
  const memory = summarize(measureMemory(runtimes, Math.ceil(rounds / 8)));
  const known = runtimes.map(({ name }) => name);
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  say(`${machine()}; ${Object.values(versions).join('; ')}; medians of ${rounds} rounds, load ${load}\n`);
  say(table('time, ms', times, known));
  say(`\n${table('peak memory, KiB', memory, known)}`);
  if (json)
    writeFileSync(
      json,
      `${JSON.stringify({ machine: machine(), versions, rounds, times, memory }, null, 2)}\n`,
    );
}

/** What the protections cost, each on and off. */
async function security({ rounds }) {
  const { cleanUp } = await import('./runtimes.mjs');
  const { timeSecurity, securityTable } = await import('./security.mjs');
  const { summarize } = await import('./report.mjs');
  process.on('exit', cleanUp);
  const load = loadavg()[0].toFixed(2);
  const { wall, processor } = timeSecurity(rounds);
  say(`${machine()}; ${rounds} rounds, load ${load}\n`);
  say(securityTable('run, ms', summarize(wall)));
  say(`\n${securityTable('run, ms of the processors', summarize(processor))}`);
}

const options = readOptions();
requireRoot('the benchmark');
installDebianPackages(['busybox-static', 'runc', 'crun', ...(options.trace ? ['strace'] : [])]);
hideHybrid();
if (options.trace) await (await import('./trace.mjs')).trace(options.trace, options.names[0]);
else if (options.security) await security(options);
else await compare(options);
