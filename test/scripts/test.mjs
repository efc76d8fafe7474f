/**
 * Sets up, builds and runs the tests; the last line is `N passed, N failed`, counted over tap's tests.
 * Usage: node test/scripts/test.mjs [STAGE...]; without an argument, all stages that CI has.
 */
import { readdirSync } from 'node:fs';
import { tryVariants } from './naive.mjs';
import { at, run, say, stop } from './project.mjs';
import { installDebianPackages, installNpmPackages, requireRoot } from './setup.mjs';
import { runTests } from './tap.mjs';

const DEBIAN_PACKAGES = 'busybox-static runc crun strace jq uidmap procps iproute2 man-db'.split(' ');
const ENGINES = ['docker.io', 'containerd', 'podman', 'conmon', 'netavark', 'catatonit', 'iptables', 'curl'];
const NOT_TESTS = /^(helpers|fixtures|bench|scripts|vm)\//;
const ARCHITECTURE = 'test/architecture.ts';

const files = readdirSync(at('test'), { recursive: true })
  .filter((file) => file.endsWith('.ts') && !NOT_TESTS.test(file))
  .map((file) => `test/${file}`)
  .sort();
const integration = files.filter((file) => /^test\/(integration|security)\//.test(file));
const engines = files.filter((file) => file.startsWith('test/engines/'));
const unit = files.filter((file) => ![...integration, ...engines, ARCHITECTURE].includes(file));
const SLOW = ['--timeout=900'];

/** Integration tests by name. */
function named(...names) {
  return names.map((name) => `test/integration/${name}.ts`);
}

/** One check that is not tap's counts as one test. */
function command(name, ...args) {
  const passed = run(at('node_modules/.bin', name), args);
  say(`${passed ? 'ok' : 'FAILED'} ${name} ${args.join(' ')}`);
  return { passed: Number(passed), failed: Number(!passed) };
}

const STAGES = {
  check: [
    () => command('tsc', '-p', '.'),
    () => command('biome', 'ci', '--colors=off'),
    () => runTests([ARCHITECTURE], {}),
  ],
  unit: [() => runTests(unit, {})],
  // RUNTIME chooses another program than dist/trunc, as in the stages below.
  integration: [() => runTests(integration, {})],
  // traps-on-node.ts, which is among the above, is the rest of what could differ between the two engines.
  node: [() => runTests(named('lifecycle', 'run'), { RUNTIME: 'node' })],
  // The tests are tested: what they say of trunc is true of runc, but for the tests that are trunc's only.
  runc: [() => runTests(integration, { RUNTIME: 'runc' })],
  // Docker, containerd and Podman on the runtime: a little of everything, for CI, and all there is.
  sample: [() => runTests(['test/engines/sample.ts'], {}, SLOW)],
  engines: [() => runTests(engines, {}, SLOW)],
  // 1,000 containers through containerd's shim.
  shim: [() => runTests(['test/engines/shim-soak.ts'], { SHIMS: '1000' }, ['--timeout=3600'])],
  // Many containers, one after the other and all at once, and every fault point; only when asked for.
  soak: [() => runTests(named('soak', 'concurrency', 'kill9', 'cgroup-resources'), { SOAK: '1' }, SLOW)],
  // 10,000 images that mean ill, for 15 minutes and more; TREE_FIRST=N TREE_COUNT=N makes others.
  'hostile-trees': [() => runTests(['test/security/hostile-trees.ts'], { SOAK: '1' }, ['--timeout=7200'])],
  // The tests of security are tested: each fails with a program that lacks what it is about. NAIVE=NAME chooses one.
  naive: [() => tryVariants()],
  // Tens of thousands of broken configurations, hundreds of containers of them; FUZZ_SEED=N makes others.
  fuzz: [() => runTests(named('fuzz'), { FUZZ: '1' }, SLOW)],
};
const USUAL = ['check', 'unit', 'integration', 'node', 'runc', 'sample'];
const WITH_ENGINES = ['sample', 'engines', 'shim'];

function prepare(stages) {
  installNpmPackages();
  if (stages.some((stage) => stage !== 'check' && stage !== 'unit')) {
    requireRoot('the integration tests');
    installDebianPackages(DEBIAN_PACKAGES);
    if (stages.some((stage) => WITH_ENGINES.includes(stage))) installDebianPackages(ENGINES);
    if (stages.includes('engines')) installDebianPackages(['tmux', 'containernetworking-plugins']);
  }
  return run(process.execPath, [at('test/scripts/build.mjs')]);
}

async function main(stages) {
  const unknown = stages.find((stage) => !(stage in STAGES));
  if (unknown) stop(`${unknown}: no such stage; there are ${Object.keys(STAGES).join(', ')}`);
  const total = { passed: 0, failed: 0 };
  if (!prepare(stages)) total.failed = 1;
  for (const stage of total.failed > 0 ? [] : stages) {
    say(`--- ${stage}`);
    for (const step of STAGES[stage]) {
      const { passed, failed } = await step();
      total.passed += passed;
      total.failed += failed;
    }
  }
  say(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

const [, , ...asked] = process.argv;
if (asked.length === 0) delete process.env.RUNTIME;
await main(asked.length > 0 ? asked : USUAL);
