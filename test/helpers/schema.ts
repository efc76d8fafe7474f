import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  definitions?: Record<string, Schema>;
}

const SCHEMAS = join(import.meta.dirname, '../../schemas');

const read = (file: string): Schema => JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8'));
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Follows `#/definitions/X` or `FILE#/definitions/X`. */
function follow(reference: string, file: string): [schema: Schema, file: string] {
  const [other = '', path = ''] = reference.split('#');
  const next = other || file;
  return [read(next).definitions?.[path.split('/').pop() as string] as Schema, next];
}

/** The properties in `schema` that none of `values`, which stand at its place, has. */
function missing([schema, file]: [Schema, string], values: readonly unknown[], path: string): string[] {
  if (values.length === 0) return [path];
  if (schema.$ref !== undefined) return missing(follow(schema.$ref, file), values, path);
  const { properties = {}, additionalProperties, items } = schema;
  if (items) return missing([items, file], values.flat(), `${path}[]`);
  const objects = values.filter(isObject);
  if (additionalProperties)
    return missing([additionalProperties, file], objects.flatMap(Object.values), `${path}.*`);
  return Object.entries(properties).flatMap(([key, property]) => {
    const below = objects.filter((object) => key in object).map((object) => object[key]);
    return missing([property, file], below, path === '' ? key : `${path}.${key}`);
  });
}

/** The properties, and entries of lists, that schemas/FILE knows and `document` does not have. */
export function missingIn(document: unknown, file: string): string[] {
  return missing([read(file), file], [document], '');
}
