/**
 * Runs integration tests, and those of test/vm/, in a virtual machine: Debian's kernel 6.1, systemd, a pure cgroup v2
 * hierarchy, AppArmor. The last line is `N passed, N failed`.
 * Usage: npm run test:vm [-- FILE...]; RUNTIME=runc or crun runs the same tests on another runtime.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { at, project, run, say, stop } from '../scripts/project.mjs';
import { installDebianPackages, installNpmPackages, requireRoot } from '../scripts/setup.mjs';
import { Counter } from '../scripts/tap.mjs';
import { makeJob } from './job.mjs';
import { resume } from './machine.mjs';

const DEBIAN_PACKAGES = [
  'qemu-system-x86',
  'debootstrap',
  'cpio',
  'e2fsprogs',
  'util-linux',
  'busybox-static',
];
const RUNTIMES = ['trunc', 'runc', 'crun'];
/** What depends on the kernel and its hierarchy, besides all of test/vm/. */
const USUAL = [
  'cgroups',
  'cgroup-v2',
  'cgroup-devices',
  'cgroup-resources',
  'cgroup-effects',
  'devices',
  'idmap',
  'mounts',
  'namespaces',
];
/** Seconds without a word from the machine after which it counts as stuck; each file has a limit of its own. */
const SILENCE = 300;

function choose(asked) {
  const own = readdirSync(at('test/vm')).filter((name) => name.endsWith('.ts'));
  if (asked.length === 0)
    return [...own.map((name) => `test/vm/${name}`), ...USUAL.map((name) => `test/integration/${name}.ts`)];
  const files = readdirSync(at('test'), { recursive: true }).map((name) => `test/${name}`);
  return asked.map((name) => {
    const path = relative(project, resolve(name));
    const places = [path, ...['vm', 'integration', 'security'].map((folder) => `test/${folder}/${name}.ts`)];
    return places.find((place) => files.includes(place)) ?? stop(`${name}: no such test`);
  });
}

/** The lines of one file as those of tap's runner, which has each file as a test with its tests inside. */
function report(counter, name, lines, [status, microseconds]) {
  const all = lines.find((line) => /^1\.\.0 # skip/i.test(line));
  for (const line of lines) counter.read(`    ${line}`);
  const skipped = all ? ` # SKIP ${all.replace(/^1\.\.0 # skip /i, '')}` : '';
  const time = ` # time=${microseconds / 1000}ms`;
  counter.read(`${status === 0 ? '' : 'not '}ok 1 - ${name}.ts${time}${skipped}`);
}

/** Reads what the machine says until its job is done; returns the files that have not ended. */
async function follow(machine, names, counter) {
  const output = new Map(names.map((name) => [name, []]));
  for (;;) {
    const line = await machine.line(SILENCE);
    if (line === undefined || line.startsWith('exit ')) return output;
    const [name, ...rest] = line.split(' ');
    const ended = /^exit (\d+) (\d+)$/.exec(rest.join(' '));
    if (!output.has(name)) say(`vm: ${line}`);
    else if (!ended) output.get(name).push(rest.join(' '));
    else {
      report(counter, name, output.get(name), ended.slice(1).map(Number));
      output.delete(name);
    }
  }
}

async function runTests(files) {
  const counter = new Counter();
  const { RUNTIME = '' } = process.env;
  const job = makeJob(files, { RUNTIME, TAP_TIMEOUT: 600, SLOW: 20 });
  const { machine, accelerator } = await resume(job);
  say(`--- ${RUNTIME || 'trunc'} in a virtual machine (${accelerator})`);
  machine.port.socket.write(`${Date.now() / 1000} ${project}\n`);
  const names = files.map((file) => file.replace(/\.ts$/, ''));
  const unfinished = await follow(machine, names, counter);
  for (const [name, lines] of unfinished) {
    say(`FAILED ${name}.ts has not ended:\n${lines.join('\n')}`);
    counter.failed += 1;
  }
  if (unfinished.size > 0) say(machine.lastWords());
  machine.kill();
  counter.endRun();
  return counter;
}

/** The npm that runs this script, by way of a shell or not; undefined without one. */
function findNpm(pid = process.ppid, generations = 2) {
  if (generations === 0) return undefined;
  const read = (name) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
  if (read('cmdline').startsWith('npm')) return pid;
  return findNpm(Number(/^PPid:\t(.*)$/m.exec(read('status'))?.[1]), generations - 1);
}

/** A signal ends this, and the machine with it. An npm that is killed passes nothing on, so its end counts as one. */
function endWhenAsked() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  const npm = process.env.npm_lifecycle_event && findNpm();
  if (npm) setInterval(() => existsSync(`/proc/${npm}`) || process.exit(1), 500).unref();
}

if (process.arch !== 'x64') stop('npm run test:vm needs x86-64');
const { RUNTIME } = process.env;
if (RUNTIME && !RUNTIMES.includes(RUNTIME))
  stop(`RUNTIME is ${RUNTIMES.slice(1).join(' or ')} in the machine, not ${RUNTIME}`);
const files = choose(process.argv.slice(2));
requireRoot('npm run test:vm');
endWhenAsked();
installNpmPackages();
installDebianPackages(DEBIAN_PACKAGES);
if (!run(process.execPath, [at('test/scripts/build.mjs')])) stop('the build failed');
const { passed, failed } = await runTests(files);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
