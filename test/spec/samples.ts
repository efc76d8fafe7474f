import { readFileSync } from 'node:fs';
import t from 'tap';
import { complete } from '../fixtures/good-configs.ts';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  definitions?: Record<string, Schema>;
}
type Values = readonly unknown[];

const root = JSON.parse(readFileSync('schemas/config.json', 'utf8')) as Schema;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The properties in `schema` that none of `values`, which stand at its place, has. */
function missing(schema: Schema, values: Values, path: string): string[] {
  if (values.length === 0) return [path];
  const name = schema.$ref?.split('/').pop();
  if (name !== undefined) return missing(root.definitions?.[name] as Schema, values, path);
  const { properties = {}, additionalProperties, items } = schema;
  if (items) return missing(items, values.flat(), `${path}[]`);
  const objects = values.filter(isObject);
  if (additionalProperties) return missing(additionalProperties, objects.flatMap(Object.values), `${path}.*`);
  return Object.entries(properties).flatMap(([key, property]) => {
    const below = objects.filter((object) => key in object).map((object) => object[key]);
    return missing(property, below, path === '' ? key : `${path}.${key}`);
  });
}

t.same(
  missing(root, [complete], ''),
  // There is no such flag yet; the others are for other platforms.
  ['linux.personality.flags[]', 'freebsd', 'solaris', 'vm', 'windows', 'zos'],
  'the sample has every property for Linux, and every list has an entry',
);
