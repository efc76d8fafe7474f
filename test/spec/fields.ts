import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';

interface Schema {
  $ref?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

const text = readFileSync('docs/fields.md', 'utf8');
const rows = text.split('\n').filter((line) => /^\| [a-z]/.test(line) && !line.startsWith('| field '));
const documented = new Set(rows.flatMap((row) => (row.split('|')[1] as string).trim().split(', ')));
const root = JSON.parse(readFileSync('schemas/config.json', 'utf8')) as Schema;

/** The properties below `path` for which neither they nor all that they contain have a row. */
function missing(schema: Schema, path: string): string[] {
  if (documented.has(path)) return [];
  if (schema.$ref) return missing(root.definitions?.[schema.$ref.split('/').pop() as string] as Schema, path);
  if (schema.items?.$ref) return missing(schema.items, `${path}[]`);
  if (!schema.properties) return [path];
  return Object.entries(schema.properties).flatMap(([key, value]) =>
    missing(value, path ? `${path}.${key}` : key),
  );
}

t.same(missing(root, ''), [], 'every field has a row');
for (const [, file = ''] of text.matchAll(/`((?:src|test|schemas)\/[^`]*)`/g)) t.ok(existsSync(file), file);
