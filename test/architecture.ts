/**
 * The rules of docs/architecture.md, checked over every file of src/: who may import whom, what may be called where, sizes,
 * that docs/ names files that exist, and docs/fields.md the file of every property of config.json.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import t from 'tap';
import ts from 'typescript';

const PROJECT = join(import.meta.dirname, '..');
const SRC = join(PROJECT, 'src');

/** Lowest first: a file imports from its own folder and from lower ranks. */
const RANKS: string[][] = [
  ['errors', 'log', 'engine', 'posix-path'],
  ['spec', 'linux'],
  ['protocol', 'namespaces', 'rootfs', 'process', 'cgroups', 'console', 'checkpoint', 'hooks', 'intel-rdt'],
  ['container', 'init'],
  ['cli'],
  ['main'],
];
/** Where the rank alone would allow more. */
const NARROWER: Record<string, string[]> = {
  cli: ['posix-path', 'errors', 'log', 'engine', 'spec', 'linux', 'container'],
  main: ['errors', 'log', 'engine', 'linux', 'init', 'cli'],
};
/** Packages of npm and modules of node that only some may use: folders or files. */
const PACKAGES: Record<string, string[]> = {
  koffi: ['linux'],
  yargs: ['cli'],
  uuid: ['cli'],
  // Their loading is felt at every start.
  'node:fs': ['log.ts'],
  'node:os': ['linux/errno-name.ts'],
  'node:path': [],
  'node:child_process': ['namespaces/id-maps.ts', 'checkpoint/criu.ts', 'cli/commands/ps.ts'],
};
const ASYNCHRONOUS = ['console/relay.ts', 'linux/poll-async.ts', 'linux/wait-async.ts'];
const MAX_FILE = 300;
const MAX_MEDIAN = 80;
const MAX_FUNCTION = 60;
const MAX_PARAMETERS = 4;

/** Files of src/ that package.json has a name for. */
const OWN: Readonly<Record<string, string>> = {
  '#init': 'init/main.ts',
  '#short': 'cli/short.ts',
  '#commands': 'cli/main.ts',
};

interface Import {
  from: Source;
  /** As written. */
  name: string;
  /** The file in src/ that it means; undefined for a package. */
  file: string | undefined;
  dynamic: boolean;
}

interface Source {
  /** Relative to src/. */
  file: string;
  /** The folder, or a file of src/ itself without its ending: what has a rank. */
  unit: string;
  text: string;
  tree: ts.SourceFile;
}

function readSource(file: string): Source {
  const text = readFileSync(join(SRC, file), 'utf8');
  const unit = (file.split('/')[0] as string).replace(/\.ts$/, '');
  return { file, unit, text, tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) };
}

const sources = (readdirSync(SRC, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.ts') && !file.startsWith('spec/generated/'))
  .sort()
  .map(readSource);

const rankOf = (unit: string): number => RANKS.findIndex((units) => units.includes(unit));
const isSynchronous = ({ unit, file }: Source): boolean =>
  (unit === 'linux' || unit === 'init' || rankOf(unit) === 2) && !ASYNCHRONOUS.includes(file);
const linesOf = (text: string): number => text.split('\n').length - 1;

/** Every node of a tree, in order. */
function* nodes(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodes(child);
}

/** `file:line: ` and why, for each node of every source for which `reason` has one. */
function breaches(reason: (node: ts.Node, source: Source) => string | false | undefined): string[] {
  return sources.flatMap((source) =>
    [...nodes(source.tree)].flatMap((node) => {
      const why = reason(node, source);
      const { line } = source.tree.getLineAndCharacterOfPosition(node.getStart());
      return why ? [`src/${source.file}:${line + 1}: ${why}`] : [];
    }),
  );
}

function importsOf(source: Source): Import[] {
  return [...nodes(source.tree)].flatMap((node) => {
    const dynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const declared =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isImportTypeNode(node);
    const literal = [...(dynamic || declared ? nodes(node) : [])].find(ts.isStringLiteral);
    if (!literal) return [];
    const name = literal.text;
    const file = name.startsWith('.') ? join(dirname(source.file), name) : OWN[name];
    return [{ from: source, name, file, dynamic }];
  });
}

const imports = sources.flatMap(importsOf);
const inside = imports.filter((entry) => entry.file !== undefined) as (Import & { file: string })[];
const show = ({ from, name }: Import): string => `src/${from.file} imports ${name}`;

t.test('every folder has a rank', async (t) => {
  t.same(
    sources.filter(({ unit }) => rankOf(unit) === -1).map(({ file }) => `src/${file}`),
    [],
  );
});

t.test('a file imports from its own folder and from lower ranks', async (t) => {
  const wrong = inside.filter(({ from, file }) => {
    const unit = (file.split('/')[0] as string).replace(/\.ts$/, '');
    if (unit === from.unit) return false;
    return rankOf(unit) >= rankOf(from.unit) || NARROWER[from.unit]?.includes(unit) === false;
  });
  t.same(wrong.map(show), []);
});

t.test('imports name an existing file, with its ending', async (t) => {
  const wrong = inside.filter(({ file }) => !/\.(ts|js)$/.test(file) || !existsSync(join(SRC, file)));
  t.same(wrong.map(show), []);
});

t.test('no file imports itself through others', async (t) => {
  // What is loaded at run time finds all of them there.
  const next = (file: string): string[] =>
    inside.filter(({ from, dynamic }) => from.file === file && !dynamic).map(({ file }) => file);
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(' → ')];
    if (done.has(file)) return [];
    const found = next(file).flatMap((to) => walk(to, [...path, file]));
    done.add(file);
    return found;
  };
  t.same(
    sources.flatMap(({ file }) => walk(file, [])),
    [],
  );
});

t.test('packages are used where they belong', async (t) => {
  const wrong = imports.filter(({ from, name, file }) => {
    if (file !== undefined) return false;
    const allowed = PACKAGES[name.startsWith('node:') ? name : (name.split('/')[0] as string)];
    if (allowed === undefined) return !name.startsWith('node:');
    return !allowed.some((place) => place === from.unit || place === from.file);
  });
  t.same(wrong.map(show), []);
});

t.test('code is loaded at run time on the host only', async (t) => {
  // Inside the container there are no files of ours to load from.
  const wrong = imports.filter(({ from, dynamic }) => dynamic && !['main', 'cli'].includes(from.unit));
  t.same(wrong.map(show), []);
});

t.test('linux/, rank 2 and init/ are synchronous', async (t) => {
  // Worker threads keep the namespaces, and the mounts, that the process has left.
  const found = breaches((node, source) => {
    if (!isSynchronous(source)) return false;
    if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async';
    if (node.kind === ts.SyntaxKind.AwaitKeyword) return 'await';
    if (ts.isIdentifier(node) && node.text === 'Promise') return 'Promise';
    return ts.isStringLiteral(node) && /^node:(fs|timers)\/promises$/.test(node.text) && node.text;
  });
  t.same(found, []);
});

t.test('the environment is read by cli/ and engine.ts only', async (t) => {
  const found = breaches((node, { unit }) => {
    const reads = ts.isPropertyAccessExpression(node) && node.getText() === 'process.env';
    return reads && unit !== 'cli' && unit !== 'engine' && 'process.env';
  });
  t.same(found, []);
});

t.test('no module has variables, but for the log', async (t) => {
  const found = breaches((node, { unit }) => {
    if (!ts.isVariableStatement(node) || !ts.isSourceFile(node.parent) || unit === 'log') return false;
    return !(node.declarationList.flags & ts.NodeFlags.Const) && node.getText();
  });
  t.same(found, []);
});

t.test('line 1 of a rank-2 file says where it runs', async (t) => {
  const silent = sources.filter(
    ({ unit, text }) => rankOf(unit) === 2 && !/^\/\/ (Pure\.|Runs .*\.)\n/.test(text),
  );
  t.same(
    silent.map(({ file }) => `src/${file}`),
    [],
  );
});

t.test('files are named after what they do', async (t) => {
  const wrong = sources.filter(({ file }) => {
    const name = basename(file, '.ts');
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^(utils?|helpers?|common|misc)$/.test(name);
  });
  t.same(
    wrong.map(({ file }) => `src/${file}`),
    [],
  );
});

t.test('files are short', async (t) => {
  const sizes = sources.map(({ text }) => linesOf(text)).sort((a, b) => a - b);
  const long = sources.filter(({ text }) => linesOf(text) > MAX_FILE);
  t.same(
    long.map(({ file, text }) => `src/${file}: ${linesOf(text)} lines`),
    [],
  );
  t.ok((sizes[sizes.length >> 1] ?? 0) <= MAX_MEDIAN, `a median of at most ${MAX_MEDIAN} lines`);
});

t.test('functions are short and take few parameters', async (t) => {
  const found = breaches((node, { tree }) => {
    if (!ts.isFunctionLike(node) || !('body' in node)) return false;
    const line = (position: number): number => tree.getLineAndCharacterOfPosition(position).line;
    const length = line(node.end) - line(node.getStart()) + 1;
    const { length: parameters } = node.parameters;
    return (
      (length > MAX_FUNCTION && `a function of ${length} lines`) ||
      (parameters > MAX_PARAMETERS && `${parameters} parameters`)
    );
  });
  t.same(found, []);
});

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  definitions?: Record<string, Schema>;
}

/** `linux.resources.pids.limit`, `mounts[].type` …: the properties that have no properties of their own. */
function fieldsOf(schema: Schema, definitions: Record<string, Schema>, path = ''): string[] {
  if (schema.$ref) return fieldsOf(definitions[basename(schema.$ref)] as Schema, definitions, path);
  if (schema.items) {
    const below = fieldsOf(schema.items, definitions, `${path}[]`);
    return below.length === 1 && below[0] === `${path}[]` ? [path] : below;
  }
  if (!schema.properties) return [path];
  const prefix = path === '' ? '' : `${path}.`;
  return Object.entries(schema.properties).flatMap(([name, property]) =>
    fieldsOf(property, definitions, prefix + name),
  );
}

interface Row {
  fields: string[];
  source: string;
  files: string[];
}

/** The tables of docs/fields.md: fields, where they are carried out, the test. */
function documented(): Row[] {
  const page = readFileSync(join(PROJECT, 'docs/fields.md'), 'utf8');
  return [...page.matchAll(/^\| (?!field |---)(.+?) \| (.+?) \| (.+?) \|$/gm)].map(
    ([row, fields = '', source = '']) => ({
      fields: fields.replaceAll('`', '').split(', '),
      source,
      files: [...row.matchAll(/`((?:src|test)\/[^`]+)`/g)].map(([, file = '']) => file),
    }),
  );
}

t.test('docs/ and the README name files that are there', async (t) => {
  const there = ['src', 'test', 'schemas'].flatMap((folder) =>
    (readdirSync(join(PROJECT, folder), { recursive: true }) as string[]).map((file) => `/${folder}/${file}`),
  );
  const pages = readdirSync(join(PROJECT, 'docs')).map((page) => `docs/${page}`);
  const wrong = ['README.md', ...pages].flatMap((page) => {
    const text = readFileSync(join(PROJECT, page), 'utf8');
    // Many go by the end of their path: what is before it is said around it.
    const named = [...text.matchAll(/`([\w./-]+\.(?:ts|mjs))`/g)].map(([, name = '']) => name);
    return named
      .filter((name) => !there.some((path) => path.endsWith(`/${name}`)))
      .map((name) => `${page}: ${name}`);
  });
  t.same(wrong, []);
});

t.test('docs/fields.md names the file of every property of config.json', async (t) => {
  const schema = JSON.parse(readFileSync(join(PROJECT, 'schemas/config.json'), 'utf8')) as Schema;
  const rows = documented();
  const named = rows.flatMap(({ fields }) => fields);
  const all = fieldsOf(schema, schema.definitions ?? {});
  // A row stands for everything below its field too.
  const covers = (name: string) => (field: string) =>
    field.startsWith(name) && /^($|\.|\[)/.test(field.slice(name.length));
  t.same(
    all.filter((field) => !named.some((name) => covers(name)(field))),
    [],
    'every property has a row',
  );
  t.same(
    named.filter((name) => !all.some(covers(name))),
    [],
    'every row has a property',
  );
  t.same(
    rows.flatMap(({ files }) => files).filter((file) => !existsSync(join(PROJECT, file))),
    [],
    'every file is there',
  );
  const nowhere = rows.filter(({ source }) => !/src\/|^refused: |no effect$/.test(source));
  t.same(nowhere, [], 'a field is carried out in a file, or the row says why not');
});
