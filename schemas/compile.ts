/**
 * Writes src/spec/generated/: TypeScript types and stand-alone validators, from the JSON schemas beside this
 * file. Run it with `npm run generate` after every change of a schema.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { compile, type JSONSchema } from 'json-schema-to-typescript';

const output = join(import.meta.dirname, '../src/spec/generated');

interface Definition {
  type?: string;
  description?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
}
interface Schema {
  title: string;
  /** For a document that is as one of the shared definitions. */
  $ref?: string;
  definitions?: Record<string, Definition>;
}

/** What stands before the name of a definition of config.json, which the other schemas share. */
const SHARED = 'config.json#/definitions/';

function read(name: string): Schema {
  return JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')) as Schema;
}

/** The schema with the shared definitions in it: it refers to no other file. */
function selfContained(schema: Schema): Schema {
  const whole = JSON.parse(JSON.stringify(schema).replaceAll(SHARED, '#/definitions/')) as Schema;
  return { ...whole, definitions: { ...read('config').definitions, ...whole.definitions } };
}

/** A limit as decimal digits; those of 64 bits, which a number cannot hold, are put right. */
function digits(limit = 0): string {
  return String(limit === 2 ** 63 || limit === 2 ** 64 ? BigInt(limit) - 1n : BigInt(limit));
}

/** The allowed values in words, for error messages; undefined for arrays and objects. */
function words({ type, description, enum: values, minimum, maximum }: Definition): string | undefined {
  if (values) return `one of ${values.join(', ')}`;
  if (type === 'string') return description;
  if (type === 'integer') return description ?? `an integer from ${digits(minimum)} to ${digits(maximum)}`;
  return undefined;
}

/** Code of a function that collects every error and imports nothing. Its errors carry no text: explain.ts has it. */
function validatorCode(schema: Schema): string {
  const ajv = new Ajv({
    allErrors: true,
    messages: false,
    // An enumeration says its type; repeating "string" would report each wrong value twice.
    strictTypes: false,
    code: { source: true, esm: true },
  });
  const toCode = standalone as unknown as typeof standalone.default;
  const code = toCode(ajv, ajv.compile(selfContained(schema)));
  if (/\brequire\(|\bimport\b/.test(code))
    throw new Error(`the validator of ${schema.title} imports something`);
  return code;
}

/** Declarations in which every property and array is read-only. The shared ones are imported. */
async function types(schema: Schema): Promise<string> {
  const imported = new Set<string>();
  const local = JSON.stringify(schema).replace(
    new RegExp(`"\\$ref":"${SHARED}(\\w+)"`, 'g'),
    (_, name: string) => {
      imported.add(name);
      return `"tsType":"${name}"`;
    },
  );
  const code = await compile(JSON.parse(local) as JSONSchema, schema.title, {
    additionalProperties: false,
    bannerComment: '',
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true },
    unreachableDefinitions: true,
  });
  const declarations = code
    .replace(/^ \*( |\n \* )(This interface was|via the `definition`).*\n/gm, '')
    .replace(/^\/\*\*\n( \*\n)* \*\/\n/gm, '')
    .replace(/^( +)(\[k: string\]|\w+\??): /gm, '$1readonly $2: ')
    .replace(/\b\w+\[\]/g, 'readonly $&');
  const names = [...imported].sort().join(', ');
  return names === '' ? declarations : `import type { ${names} } from './config.ts';\n\n${declarations}`;
}

function validatorTypes({ title }: Schema, from: string): string {
  return `import type { ${title} } from './${from}.ts';

export interface SchemaError {
  /** JSON pointer to the value. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}
export declare const validate: ((document: unknown) => document is ${title}) & {
  readonly errors?: readonly SchemaError[] | null;
};
/** Name of a definition in the schema → what it allows, in words. */
export declare const allowed: Readonly<Record<string, string>>;
`;
}

async function generate(name: string): Promise<void> {
  const schema = read(name);
  const definitions = Object.entries(schema.definitions ?? {});
  const allowed = Object.fromEntries(definitions.map(([key, definition]) => [key, words(definition)]));
  const banner = `// Generated from schemas/${name}.json by schemas/compile.ts. Do not edit.\n`;
  const write = (file: string, text: string): void => writeFileSync(join(output, file), banner + text);

  if (schema.$ref === undefined) write(`${name}.ts`, await types(schema));
  write(
    `validate-${name}.js`,
    `${validatorCode(schema)}\nexport const allowed = ${JSON.stringify(allowed)};\n`,
  );
  write(`validate-${name}.d.ts`, validatorTypes(schema, schema.$ref === undefined ? name : 'config'));
}

/** The schema of config.json itself, for who looks for properties that it does not know. */
function generateSchema(): void {
  const banner = '// Generated from schemas/config.json by schemas/compile.ts. Do not edit.\n';
  const types = `export interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly definitions?: Readonly<Record<string, Schema>>;
}
export declare const schema: Schema;
`;
  const code = `export const schema = ${JSON.stringify(read('config'))};\n`;
  writeFileSync(join(output, 'config-schema.js'), banner + code);
  writeFileSync(join(output, 'config-schema.d.ts'), banner + types);
}

mkdirSync(output, { recursive: true });
for (const name of ['config', 'state', 'features', 'resources', 'process', 'seccomp']) await generate(name);
generateSchema();
