import { type ErrorCode, RuntimeError } from '../errors.ts';
import { log } from '../log.ts';
import { allowed, type SchemaError } from './generated/validate-config.js';
import { nearest } from './nearest.ts';

/** One thing that is wrong in config.json. */
export interface Problem {
  /** Path of the property, such as `mounts[3].options[1]`; empty for the document itself. */
  readonly field: string;
  readonly message: string;
}

const MAX_LENGTH = 4000;
const MAX_VALUE_LENGTH = 60;
const ENUM = 'one of ';
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  object: 'an object',
  string: 'a string',
};

function shorten(text: string): string {
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

/** Appends a property name or a list index to the path of a field. */
export function child(field: string, key: string | number): string {
  if (typeof key === 'number') return `${field}[${key}]`;
  if (!/^\w+$/.test(key)) return `${field}[${shorten(JSON.stringify(key))}]`;
  return field === '' ? shorten(key) : `${field}.${shorten(key)}`;
}

/** A value as it may stand in a one-line message. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return shorten(JSON.stringify(value));
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

/** The one of `names` that was probably meant, as the end of a message. */
export function suggest(word: unknown, names: readonly string[], before: string): string {
  const name = typeof word === 'string' ? nearest(word, names) : undefined;
  return name === undefined ? '' : `${before}did you mean ${name}?`;
}

function explainOne(error: SchemaError, document: unknown): Problem {
  const { field, value } = locate(error.instancePath, document);
  if (error.keyword === 'required') {
    return { field: child(field, String(error.params.missingProperty)), message: 'is missing' };
  }
  if (error.keyword === 'minItems') return { field, message: 'must not be empty' };
  const definition = /^#\/definitions\/(\w+)\/\w+$/.exec(error.schemaPath)?.[1] ?? '';
  const wanted = allowed[definition] ?? TYPES[String(error.params.type)] ?? '';
  const names = wanted.startsWith(ENUM) ? wanted.slice(ENUM.length).split(', ') : [];
  return { field, message: `must be ${wanted}, found ${show(value)}${suggest(value, names, ': ')}` };
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

/** `mounts[3].type: is missing`, or the message alone when it is about the whole document. */
export function describe({ field, message }: Problem): string {
  return field === '' ? message : `${field}: ${message}`;
}

/** The problems on one line, as far as they fit on one of 4000 characters, and how many do not. */
export function summarize(problems: readonly Problem[]): { text: string; left: number } {
  let text = '';
  let count = 0;
  for (const problem of problems) {
    const next = describe(problem);
    if (count > 0 && text.length + next.length > MAX_LENGTH) break;
    text += count > 0 ? `; ${next}` : next;
    count += 1;
  }
  const left = problems.length - count;
  return { text: left > 0 ? `${text}; and ${left} more` : text, left };
}

/**
 * The error that says what is wrong in the document called `name`; its `field` is the first. With --debug each problem has
 * a line of its own in the log.
 */
export function refusal(name: string, code: ErrorCode, problems: readonly Problem[]): RuntimeError {
  for (const problem of problems) log.debug(`${name}: ${describe(problem)}`);
  const { text, left } = summarize(problems);
  const field = problems[0]?.field || undefined;
  const hint = left > 0 ? 'run it with --debug for all of them' : undefined;
  return new RuntimeError(`${name}: ${text}`, { code, field, hint });
}
