import { log } from '../log.ts';
import { child, describe, type Problem, suggest } from './explain.ts';
import { type Schema, schema } from './generated/config-schema.js';
import { repeatedNames } from './syntax-error.ts';

/** Follows a reference to a definition. */
function resolve(part: Schema): Schema {
  const name = part.$ref?.slice(part.$ref.lastIndexOf('/') + 1);
  return name === undefined ? part : (schema.definitions?.[name] ?? {});
}

/** The properties of an object that has names of its own. */
function ofObject(value: object, known: Readonly<Record<string, Schema>>, field: string): Problem[] {
  const names = Object.keys(known);
  const hasNames = names.length > 0;
  return Object.entries(value).flatMap(([key, inner]) => {
    if (Object.hasOwn(known, key)) return find(inner, known[key] as Schema, child(field, key));
    // Another platform's section has no names here, and is an error elsewhere.
    const message = `unknown property, ignored${suggest(key, names, '; ')}`;
    return hasNames ? [{ field: child(field, key), message }] : [];
  });
}

function find(value: unknown, part: Schema, field: string): Problem[] {
  const { properties = {}, additionalProperties, items } = resolve(part);
  if (Array.isArray(value)) {
    return items ? value.flatMap((item, index) => find(item, items, child(field, index))) : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  if (additionalProperties === undefined) return ofObject(value, properties, field);
  return Object.entries(value).flatMap(([key, inner]) =>
    find(inner, additionalProperties, child(field, key)),
  );
}

/** The properties of a config.json that its schema does not know, with the ones that may have been meant. */
export function unknownProperties(document: unknown): Problem[] {
  return find(document, schema, '');
}

/** Warns of what is there twice, by the text of config.json. */
export function warnOfRepeatedNames(text: string): void {
  for (const { name, line } of repeatedNames(text))
    log.warning(`config.json: line ${line}: "${name}" is there again, the last one counts`);
}

/**
 * Warns of what has no effect. The specification demands that a runtime ignores it, so this is for --debug, and loaded
 * only there: it brings the whole schema along.
 */
export function warnOfUnknownProperties(document: unknown): void {
  for (const problem of unknownProperties(document)) log.warning(`config.json: ${describe(problem)}`);
}
