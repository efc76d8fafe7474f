/**
 * Runs integration tests, and those of test/vm/, in a virtual machine: Debian's kernel 6.1, systemd, a pure cgroup v2
 * hierarchy, AppArmor. The last line is `N passed, N failed`.
 * Usage: npm run test:vm [-- all | engines | [BOOT:]FILE...]; RUNTIME=runc or crun runs the same tests on another runtime. BOOT
 * is one of BOOTS in machine.mjs; a file with a line `// Boots: hybrid, legacy` runs in each of these.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { at, project, run, say, stop } from '../scripts/project.mjs';
import { installDebianPackages, installNpmPackages, requireRoot } from '../scripts/setup.mjs';
import { Counter } from '../scripts/tap.mjs';
import { makeJob } from './job.mjs';
import { BOOTS, resume } from './machine.mjs';

const DEBIAN_PACKAGES = [
  'qemu-system-x86',
  'debootstrap',
  'cpio',
  'e2fsprogs',
  'util-linux',
  'busybox-static',
];
const RUNTIMES = ['trunc', 'runc', 'crun'];
/** What depends on the hierarchy, besides all of test/vm/. */
const USUAL = [
  ...['cgroup-devices', 'cgroup-effects', 'cgroups', 'update', 'cgroup-resources', 'cgroup-v2'],
  ...['exec-cgroups', 'events', 'kill', 'pause', 'ps'],
];
/** Of those in test/vm/: minutes each. */
const LONG = ['checkpoint.ts', 'checkpoint-contents.ts'];
/** The folder of those that need Docker, containerd and Podman in the machine: minutes each, and an image of their own. */
const ENGINES = 'engines';
/** What depends on the kernel otherwise, and version 1 with controllers that few hosts have. */
const MORE = [
  ...['devices', 'idmap', 'mounts', 'namespaces', 'engine-configs'],
  ...['cgroups', 'cgroup-resources', 'cgroup-effects', 'cgroup-devices', 'update', 'events', 'pause'].map(
    (name) => `legacy:${name}`,
  ),
];
/**
 * Seconds without a word from the machine after which it counts as stuck, and those that a file may take; an engine starts
 * several programs for each of its words.
 */
const PATIENCE = { silence: 300, file: 600 };
const PATIENCE_WITH_ENGINES = { silence: 1200, file: 3600 };
const patienceIn = (boot) => (boot === ENGINES ? PATIENCE_WITH_ENGINES : PATIENCE);

/** The test files to run, by boot: those that are asked for, otherwise the usual ones. */
function choose(asked) {
  const own = readdirSync(at('test/vm')).filter((name) => name.endsWith('.ts') && !LONG.includes(name));
  const inVm = (name) => `test/vm/${name}`;
  const usual = [...own.map(inVm), ...USUAL];
  const all = [...usual, ...LONG.map(inVm), ...MORE, ENGINES];
  const words = asked.length === 0 ? usual : asked[0] === 'all' ? all : asked;
  const chosen = words.flatMap(find);
  return Object.keys(BOOTS)
    .map((boot) => [boot, chosen.filter((one) => one.boot === boot).map(({ file }) => file)])
    .filter(([, files]) => files.length > 0);
}

/** `[BOOT:]FILE`; the name alone is enough of a file. */
function find(word) {
  if (word === ENGINES)
    return readdirSync(at('test/vm', ENGINES)).map((name) => ({
      boot: ENGINES,
      file: `test/vm/${ENGINES}/${name}`,
    }));
  const [, asked, name] = /^(?:(\w+):)?(.*)$/.exec(word);
  if (asked && !(asked in BOOTS)) stop(`${asked}: ${Object.keys(BOOTS).join(', ')} can be booted`);
  const files = readdirSync(at('test'), { recursive: true }).map((name) => `test/${name}`);
  const path = relative(project, resolve(name));
  const places = [
    path,
    ...['vm', 'vm/engines', 'integration', 'security', 'engines'].map(
      (folder) => `test/${folder}/${name}.ts`,
    ),
  ];
  const file = places.find((place) => files.includes(place)) ?? stop(`${name}: no such test`);
  const usual = file.includes('/engines/') ? ENGINES : 'unified';
  const wanted = /^\/\/ Boots: (.*)$/m.exec(readFileSync(at(file), 'utf8'))?.[1] ?? usual;
  return (asked ?? wanted).split(', ').map((boot) => ({ boot, file }));
}

/** The lines of one file as those of tap's runner, which has each file as a test with its tests inside. */
function report(counter, name, lines, [status, microseconds]) {
  const all = lines.find((line) => /^1\.\.0 # skip/i.test(line));
  for (const line of lines) counter.read(`    ${line}`);
  // An exception before the first test, say: nothing else tells of it.
  if (status !== 0 && !lines.some((line) => /^ *not ok/.test(line))) say(lines.slice(-20).join('\n'));
  const skipped = all ? ` # SKIP ${all.replace(/^1\.\.0 # skip /i, '')}` : '';
  const time = ` # time=${microseconds / 1000}ms`;
  counter.read(`${status === 0 ? '' : 'not '}ok 1 - ${name}${time}${skipped}`);
}

/** Reads what the machine says until its job is done; returns the files that have not ended. */
async function follow(machine, names, { counter, boot }) {
  const output = new Map(names.map((name) => [name, []]));
  for (;;) {
    const line = await machine.line(patienceIn(boot).silence);
    if (line === undefined || line.startsWith('exit ')) return output;
    const [name, ...rest] = line.split(' ');
    const ended = /^exit (\d+) (\d+)$/.exec(rest.join(' '));
    if (!output.has(name)) say(`vm: ${line}`);
    else if (!ended) output.get(name).push(rest.join(' '));
    else {
      report(counter, `${name}.ts (${boot})`, output.get(name), ended.slice(1).map(Number));
      output.delete(name);
    }
  }
}

/** A machine that waits for its word to run these files. */
async function prepare(boot, files) {
  const { RUNTIME = '' } = process.env;
  const seconds = patienceIn(boot).file;
  const job = makeJob(files, { RUNTIME, TAP_TIMEOUT: seconds, FILE_TIMEOUT: 1.5 * seconds, SLOW: 20 });
  const { machine, accelerator } = await resume(job, boot);
  say(
    `--- ${RUNTIME || 'trunc'} in a virtual machine (${accelerator}, cgroups ${boot}): ${files.length} files`,
  );
  return { boot, files, machine };
}

async function runTests({ boot, files, machine }) {
  const counter = new Counter();
  machine.port.socket.write(`${Date.now() / 1000} ${project}\n`);
  const names = files.map((file) => file.replace(/\.ts$/, ''));
  const unfinished = await follow(machine, names, { counter, boot });
  for (const [name, lines] of unfinished) {
    say(`FAILED ${name}.ts (${boot}) has not ended:\n${lines.join('\n')}`);
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
const chosen = choose(process.argv.slice(2));
requireRoot('npm run test:vm');
endWhenAsked();
installNpmPackages();
installDebianPackages(DEBIAN_PACKAGES);
if (!run(process.execPath, [at('test/scripts/build.mjs')])) stop('the build failed');
const machines = [];
for (const [boot, files] of chosen) machines.push(await prepare(boot, files));
// All at once: much of what tests do is to wait.
const counters = await Promise.all(machines.map(runTests));
const sum = (key) => counters.reduce((total, counter) => total + counter[key], 0);
const failed = sum('failed');
say(`${sum('passed')} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
