import t from 'tap';
import { RuntimeError } from '../../src/errors.ts';
import { exampleSpec } from '../../src/spec/example.ts';
import { parseDocument, validateSpec } from '../../src/spec/load.ts';
import { validateResources } from '../../src/spec/load-resources.ts';
import { complete, minimal } from '../fixtures/good-configs.ts';
import { makeBundle, writeConfig } from '../helpers/bundle.ts';
import { mappedConfig, richConfig, tame } from '../helpers/fuzz-config.ts';
import { mutate, pick, type Random, seeded } from '../helpers/mutate.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, type Result, run } from '../helpers/runtime.ts';
import { leftovers, newId } from '../helpers/sandbox.ts';

suite('root');

const full = process.env.FUZZ === '1';
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const CHECKS = full ? 20_000 : 500;
const TEXTS = full ? 5000 : 200;
const CREATES = full ? 500 : 15;
const MAX_MUTATIONS = 3;
const REFUSED_SHARE = 0.1;
const LOOK_EVERY = 25;
const timeout = 900_000;
// What nobody should read: a mistake of the program, or a value that was never there.
const BAD = /internal error|\bundefined\b|\bNaN\b|\[object|\n\s*at /;

if (full) console.error(`fuzz: seed ${SEED}; FUZZ_SEED=N chooses another`);

/** A copy with one to three things wrong, as JSON has it, and what was done. */
function broken(document: unknown, random: Random): { copy: unknown; what: string } {
  const copy = JSON.parse(JSON.stringify(document));
  const done: string[] = [];
  for (let left = 1 + Math.floor(random() * MAX_MUTATIONS); left > 0; left -= 1)
    done.push(mutate(copy, random));
  return { copy: JSON.parse(JSON.stringify(copy)), what: done.join(', ') };
}

/** Whether the field of an error is in the document, or what holds it: something may be missing. */
function isIn(field: string, document: unknown): boolean {
  const keys = [...field.matchAll(/\["((?:[^"\\]|\\.)*)(?:"|…)\]|\[(\d+)\]|([^.[\]]+)/g)];
  let value = document;
  for (const [index, [, quoted, number, name]] of keys.entries()) {
    const isLast = index === keys.length - 1;
    if (typeof value !== 'object' || value === null) return false;
    const key = quoted === undefined ? (number ?? name ?? '') : JSON.parse(`"${quoted}"`);
    if (isLast || key.endsWith('…') || field.includes('…')) return true;
    value = (value as Record<string, unknown>)[key];
  }
  return field !== '';
}

/** What is wrong with how `action` fails; nothing when it does not, or fails as it should. */
function failure(action: () => void): { error?: RuntimeError; reason?: string } {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RuntimeError)) return { reason: `threw ${(error as Error).stack}` };
    const isOneLine = !/[\n\0]/.test(error.message);
    return isOneLine && !BAD.test(error.message) ? { error } : { error, reason: `said ${error.message}` };
  }
  return {};
}

t.test(`${CHECKS} documents from seed ${SEED} are checked`, { timeout }, async (t) => {
  const random = seeded(SEED);
  const options = { cgroupns: true, euid: 1000, egid: 1000 };
  const examples = [true, false].map((rootless) => exampleSpec({ rootless, ...options }));
  const good: unknown[] = [complete, complete, minimal, ...examples, richConfig(), mappedConfig()];
  let refused = 0;
  for (let count = 0; count < CHECKS; count += 1) {
    const { copy, what } = broken(pick(random, good), random);
    const { error, reason } = failure(() => validateSpec(copy));
    if (error) refused += 1;
    if (reason) t.fail(`number ${count} (${what}) ${reason}`);
    if (error && !(error.field && isIn(error.field, copy)))
      t.fail(`number ${count} (${what}): ${error.field} is not in it: ${error.message}`);
  }
  t.ok(refused > CHECKS / 4 && refused < CHECKS, `${refused} of ${CHECKS} are refused`);
});

t.test(`${CHECKS} resources from seed ${SEED} are checked`, { timeout }, async (t) => {
  const random = seeded(SEED);
  for (let count = 0; count < CHECKS; count += 1) {
    const { copy, what } = broken(complete.linux.resources, random);
    const { error, reason } = failure(() => validateResources(copy));
    if (reason) t.fail(`number ${count} (${what}) ${reason}`);
    if (error && !(error.field && isIn(error.field, copy)))
      t.fail(`number ${count} (${what}): ${error.field} is not in it: ${error.message}`);
  }
});

t.test(`${TEXTS} texts from seed ${SEED} are parsed`, { timeout }, async (t) => {
  const random = seeded(SEED);
  const text = JSON.stringify(complete, null, 1);
  for (let count = 0; count < TEXTS; count += 1) {
    const from = Math.floor(random() * text.length);
    const to = from + Math.floor(random() * 3);
    const spoilt =
      text.slice(0, from) + pick(random, ['', '"', '{', ',', '\\', '\0', 'e', '-']) + text.slice(to);
    const { error, reason } = failure(() => parseDocument(spoilt, 'config.json'));
    if (reason) t.fail(`number ${count} (character ${from}) ${reason}`);
    if (error && !/^config\.json is not valid JSON: line \d+, column \d+: expected /.test(error.message))
      t.fail(`number ${count} (character ${from}) said ${error.message}`);
  }
});

/** As broken, and mostly such that the document itself is in order: the rest would never get far. */
function promising(documents: readonly unknown[], random: Random): { copy: unknown; what: string } {
  for (;;) {
    const { copy, what } = broken(pick(random, documents), random);
    if (random() < REFUSED_SHARE || !failure(() => validateSpec(copy)).error) return { copy, what };
  }
}

// Where something cannot be refused by mistake: what is not in namespaces of the container is in these.
const wrapper = ['unshare', '--mount', '--net', '--ipc', '--uts', '--propagation', 'private'];
const NAMES_FIELD =
  /\b(default devices|ociVersion|root|process|mounts|hooks|hostname|domainname|annotations|linux|freebsd|solaris|vm|windows|zos)\b/;

const LINES = /^(time=.* level=warning .*\n)*([^\n]+\n)?$/;

/** Whether a command did its work, or said in one line why not; warnings have lines of their own, in front. */
function isDecent({ status, stderr }: Result): boolean {
  return (status === 0 || status === 1) && LINES.test(stderr) && !BAD.test(stderr);
}

/** Starts what was created, with a program that ends at once, and deletes it; returns what is wrong with that. */
function startAndDelete(id: string): string[] {
  const results = {
    start: run(['start', id], { wrapper }),
    delete: run(['delete', '--force', id], { wrapper }),
  };
  const bad = Object.entries(results).filter(([, result]) => !isDecent(result));
  if (results.delete.status !== 0) bad.push(['delete', results.delete]);
  return bad.map(([command, { status, stderr }]) => `${command}: exit ${status}, ${stderr}`);
}

/** Creates a container and deletes it; returns what is wrong with what was seen, and whether it was refused. */
function createAndDelete(bundle: string): { reason?: string; refused: boolean } {
  const id = newId();
  const created = run(['create', id], { bundle, wrapper });
  const { status, signal, stderr } = created;
  const said = `exit ${status ?? signal}, ${JSON.stringify(stderr)}`;
  if (status === 0) {
    const reasons = isDecent(created) ? startAndDelete(id) : [...startAndDelete(id), said];
    return { refused: false, ...(reasons.length > 0 ? { reason: reasons.join('; ') } : {}) };
  }
  const isGood = isDecent(created) && NAMES_FIELD.test(stderr);
  return { refused: true, ...(isGood ? {} : { reason: said }) };
}

// runc neither keeps to one line nor names the field.
t.test(`${CREATES} containers from seed ${SEED} are created`, { timeout, ...only('trunc') }, async (t) => {
  const random = seeded(SEED);
  const good = [richConfig(), richConfig(), mappedConfig()];
  let refused = 0;
  for (let count = 0; count < CREATES; count += 1) {
    const { copy, what } = promising(good, random);
    const bundle = makeBundle();
    tame(copy, bundle);
    writeConfig(bundle, copy);
    const result = createAndDelete(bundle);
    if (result.refused) refused += 1;
    if (result.reason) t.fail(`number ${count} (${what}): ${result.reason}`);
    if (count % LOOK_EVERY === 0) {
      const left = leftovers();
      if (left.length > 0) t.fail(`number ${count} (${what}): ${left.join('; ')}`);
    }
  }
  t.ok(refused < CREATES, `${refused} of ${CREATES} are refused`);
});

t.test('nothing is left', nothingLeft);
