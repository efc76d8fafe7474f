import { allowed, type SchemaError } from './generated/validate-config.js';

/** One thing that is wrong in config.json. */
export interface Problem {
  /** Path of the property, such as `mounts[3].options[1]`; empty for the document itself. */
  readonly field: string;
  readonly message: string;
}

const MAX_SHOWN = 5;
const MAX_VALUE_LENGTH = 60;
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  object: 'an object',
  string: 'a string',
};

/** Appends a property name or a list index to the path of a field. */
export function child(field: string, key: string | number): string {
  if (typeof key === 'number') return `${field}[${key}]`;
  if (!/^\w+$/.test(key)) return `${field}[${JSON.stringify(key)}]`;
  return field === '' ? key : `${field}.${key}`;
}

/** A value as it may stand in a one-line message. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

/** Follows a JSON pointer into the document. */
function locate(pointer: string, document: unknown): { field: string; value: unknown } {
  let field = '';
  let value = document;
  for (const escaped of pointer.split('/').slice(1)) {
    const key = escaped.replace(/~1/g, '/').replace(/~0/g, '~');
    field = child(field, Array.isArray(value) ? Number(key) : key);
    value = (value as Record<string, unknown>)[key];
  }
  return { field, value };
}

function explainOne(error: SchemaError, document: unknown): Problem {
  const { field, value } = locate(error.instancePath, document);
  if (error.keyword === 'required') {
    return { field: child(field, String(error.params.missingProperty)), message: 'is missing' };
  }
  if (error.keyword === 'minItems') return { field, message: 'must not be empty' };
  const definition = /^#\/definitions\/(\w+)\/\w+$/.exec(error.schemaPath)?.[1] ?? '';
  const wanted = allowed[definition] ?? TYPES[String(error.params.type)];
  return { field, message: `must be ${wanted}, found ${show(value)}` };
}

/** The errors of the validator in words; one per field. */
export function explain(errors: readonly SchemaError[], document: unknown): Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of errors) {
    const problem = explainOne(error, document);
    if (!problems.has(problem.field)) problems.set(problem.field, problem);
  }
  return [...problems.values()];
}

/** All problems on one line; the first five in full. */
export function summarize(problems: readonly Problem[]): string {
  const shown = problems
    .slice(0, MAX_SHOWN)
    .map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  const more = problems.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
