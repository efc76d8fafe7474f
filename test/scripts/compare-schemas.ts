/** The work of compare-schemas.mjs, in a process that runs TypeScript. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { complete, minimal } from '../fixtures/good-configs.ts';
import { everyReplacement, mutate, seeded } from '../helpers/mutate.ts';

const SCHEMAS = join(import.meta.dirname, '../../schemas');
const SEED = 1;
const RANDOM_DOCUMENTS = 5000;
const MAX_MUTATIONS = 3;
const MAX_SHOWN = 20;

/**
 * Where the two are meant to differ: who refuses, the place and the keyword of what it refuses, and why.
 * Text of the specification: config.md, config-linux.md, runtime.md, features-linux.md of 1.3.
 */
const INTENDED: readonly [who: 'ours' | 'published', place: RegExp, keyword: string, why: string][] = [
  // The kernel has no such value, and would say EINVAL or do something else.
  ['ours', /(\/[ug]id|additionalGids\/\d+|ID)$/, 'maximum', 'the id 4294967295 is -1: "leave as it is"'],
  ['ours', /Mappings\/\d+\/size$/, 'minimum', 'a mapping of no ids'],
  ['ours', /^\/process\/user\/umask$/, 'maximum', 'a umask has nine bits'],
  ['ours', /^\/process\/oomScoreAdj$/, 'minimum', 'from -1000'],
  ['ours', /^\/process\/oomScoreAdj$/, 'maximum', 'to 1000'],
  ['ours', /^\/process\/rlimits\/\d+\/type$/, 'enum', 'MUST be one of getrlimit(2)'],
  ['ours', /^\/process\/ioPriority\/priority$/, 'minimum', 'SHOULD be from 0'],
  ['ours', /^\/process\/ioPriority\/priority$/, 'maximum', 'to 7'],
  ['ours', /^\/linux\/timeOffsets\/\w+\/nanosecs$/, 'maximum', 'less than a second'],
  ['ours', /^\/linux\/resources\/devices\/\d+\/type$/, 'enum', '"type of device: a, c, or b"'],
  ['ours', /^\/linux\/resources\/devices\/\d+\/access$/, 'pattern', '"a composition of r, w, and m"'],
  [
    'ours',
    /^\/linux\/seccomp\/syscalls\/\d+\/args\/\d+\/index$/,
    'maximum',
    'system calls have six arguments',
  ],
  // What the text demands, and the published schema has left out.
  ['ours', /^\/linux\/personality$/, 'required', '"domain (string, REQUIRED)"'],
  ['ours', /^\/linux\/memoryPolicy$/, 'required', '"mode (string, REQUIRED)"'],
  ['ours', /^\/linux\/memoryPolicy\//, 'type', 'features-linux.md has memoryPolicy'],
  ['ours', /^\/linux\/memoryPolicy\/(modes|flags)\/\d+$/, 'enum', 'features-linux.md has memoryPolicy'],
  ['ours', /^\/linux\/memoryPolicy$/, 'type', 'features-linux.md has memoryPolicy'],
  ['ours', /^\/linux\/intelRdt\/(schemata|monitoring)$/, 'type', 'features-linux.md has both'],
  ['ours', /\/(annotations|sysctl|unified)\/\n?$/, 'type', 'its pattern for names overlooks the empty one'],
  // Their schemas are published too, but a runtime for Linux has no use for them: to be there is the mistake.
  ['ours', /^\/(freebsd|solaris|vm|windows|zos)$/, 'type', 'of another platform'],
  // What runtimes have always taken, and engines send.
  ['published', /^\/linux\/devices\/\d+\/fileMode$/, 'maximum', 'engines leave the file type in the mode'],
  ['published', /^\/linux\/rootfsPropagation$/, 'enum', 'rprivate, rshared, rslave, runbindable'],
  ['published', /^\/status$/, 'enum', 'runtime.md lets runtimes have more: paused'],
];

interface Kind {
  name: string;
  published: string;
  ours: string;
  examples: unknown[];
}

/** Both accept this one, so that a change in it shows what each of them thinks of the change. */
const inBoth = {
  ...complete,
  linux: {
    ...complete.linux,
    devices: complete.linux.devices.map((device) => ({ ...device, fileMode: 438 })),
    rootfsPropagation: 'slave',
  },
};

const rlimits = [{ type: 'RLIMIT_DOORS', soft: 0, hard: 0 }];
const onlyInOne = [
  { ...minimal, linux: { rootfsPropagation: 'rslave' } },
  { ...minimal, process: { ...minimal.process, rlimits } },
  { ...minimal, annotations: { '': 1 } },
  { ...minimal, windows: 1 },
];

const KINDS: readonly Kind[] = [
  {
    name: 'config',
    published: 'config-schema.json',
    ours: 'config',
    examples: [minimal, inBoth, ...onlyInOne],
  },
  {
    name: 'state',
    published: 'state-schema.json',
    ours: 'state',
    examples: ['created', 'paused'].map((status) => ({
      ociVersion: '1.3.0',
      id: 'x',
      status,
      pid: 1,
      bundle: '/b',
    })),
  },
  {
    name: 'features',
    published: 'features-schema.json',
    ours: 'features',
    examples: [
      {
        ociVersionMin: '1.0.0',
        ociVersionMax: '1.3.0',
        linux: {
          intelRdt: { enabled: true, schemata: true, monitoring: false },
          memoryPolicy: { modes: ['MPOL_BIND'], flags: ['MPOL_F_STATIC_NODES'] },
          mountExtensions: { idmap: { enabled: true } },
          netDevices: { enabled: true },
        },
      },
    ],
  },
];

const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const readJson = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8'));

/** Their draft is older, but what they use of it means the same today. */
function publishedValidator(directory: string, file: string): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  const platforms = ['freebsd', 'solaris', 'vm', 'windows', 'zos'];
  for (const platform of platforms) ajv.addSchema({ [platform]: {} }, `config-${platform}.json`);
  for (const name of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
    if (platforms.some((platform) => name === `config-${platform}.json`)) continue;
    const { $schema: _, ...schema } = readJson(join(directory, name));
    ajv.addSchema(schema, name);
  }
  return ajv.getSchema(file) as ValidateFunction;
}

function ourValidator(name: string): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strictTypes: false });
  for (const file of new Set(['config', name]))
    ajv.addSchema(readJson(join(SCHEMAS, `${file}.json`)), `${file}.json`);
  return ajv.getSchema(`${name}.json`) as ValidateFunction;
}

const placeOf = ({ instancePath }: ErrorObject): string =>
  instancePath.replace(/~1/g, '/').replace(/~0/g, '~');

/** The first error of the side that refuses for which INTENDED has no reason. */
function unintended(
  who: 'ours' | 'published',
  errors: readonly ErrorObject[],
  used: Set<number>,
): ErrorObject[] {
  return errors.filter((error) => {
    const index = INTENDED.findIndex(
      ([side, place, keyword]) => side === who && keyword === error.keyword && place.test(placeOf(error)),
    );
    if (index >= 0) used.add(index);
    return index < 0;
  });
}

/** The documents that are published as examples; what is no JSON is nothing for a schema. */
function published(directory: string, name: string, sort: 'good' | 'bad'): unknown[] {
  const folder = join(directory, 'test', name, sort);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => {
    try {
      return [readJson(join(folder, file))];
    } catch {
      return [];
    }
  });
}

function* variations(good: readonly unknown[]): Generator<unknown> {
  for (const document of good) yield* everyReplacement(document);
  const random = seeded(SEED);
  for (let count = 0; count < RANDOM_DOCUMENTS; count += 1) {
    const copy = structuredClone(good[count % good.length]);
    for (let rest = 1 + Math.floor(random() * MAX_MUTATIONS); rest > 0; rest -= 1) mutate(copy, random);
    yield copy;
  }
}

const used = new Set<number>();

/** Compares one kind of document and returns the number of differences that nothing explains. */
function compare(directory: string, { name, published: file, ours, examples }: Kind): number {
  const theirs = publishedValidator(directory, file);
  const mine = ourValidator(ours);
  const bad = published(directory, name, 'bad');
  const good = [...published(directory, name, 'good'), ...examples];
  const count = { documents: 0, accepted: 0, refused: 0, intended: 0 };
  const problems = new Map<string, string>();
  for (const document of [...good, ...bad, ...variations(good)]) {
    count.documents += 1;
    const [accepts, accept] = [theirs(document), mine(document)];
    if (accepts === accept) {
      count[accept ? 'accepted' : 'refused'] += 1;
      continue;
    }
    const who = accept ? 'published' : 'ours';
    const left = unintended(who, (accept ? theirs : mine).errors ?? [], used);
    if (left.length === 0) count.intended += 1;
    for (const error of left) {
      const place = placeOf(error);
      problems.set(
        `${place.replace(/\d+/g, 'N')} ${error.keyword}`,
        `only ${who} refuses ${place}: ${error.message}`,
      );
    }
  }
  say(
    `${name}: ${count.documents} documents, ${count.accepted} accepted and ${count.refused} refused by both, ` +
      `${count.intended} differ as intended, ${problems.size} kinds of differences`,
  );
  for (const text of [...problems.values()].slice(0, MAX_SHOWN)) say(`  ${text}`);
  return problems.size;
}

const directory = process.argv[2] as string;
const differences = KINDS.map((kind) => compare(directory, kind)).reduce((sum, count) => sum + count, 0);
INTENDED.forEach(([who, place, keyword], index) => {
  if (!used.has(index)) say(`never seen: only ${who} refuses ${place} ${keyword}`);
});
process.exitCode = differences > 0 ? 1 : 0;
