import { type ErrorCode, RuntimeError } from '../errors.ts';
import { log } from '../log.ts';
import { allowed, type SchemaError } from './generated/validate-config.js';
import { editsBetween, nearest } from './nearest.ts';

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
    const name = String(error.params.missingProperty);
    return { field: child(field, name), message: missing(name, value as object) };
  }
  if (error.keyword === 'minItems') return { field, message: 'must not be empty' };
  const definition = /^#\/definitions\/(\w+)\/\w+$/.exec(error.schemaPath)?.[1] ?? '';
  const wanted = allowed[definition] ?? TYPES[String(error.params.type)] ?? '';
  const names = wanted.startsWith(ENUM) ? wanted.slice(ENUM.length).split(', ') : [];
  const hint = suggest(value, names, ': ') || decimal(value, wanted);
  return { field, message: `must be ${wanted}, found ${show(value)}${hint}` };
}

/** That `parent` lacks a property, and what it has in its place: unknown names are ignored otherwise. */
export function missing(name: string, parent: object): string {
  const written = Object.keys(parent).find((key) => isSpelling(key, name));
  return `is missing${written === undefined ? '' : `, but there is ${show(written)}`}`;
}

/** Whether a name is meant to be another: another case, or one letter too many, missing or wrong. */
function isSpelling(key: string, name: string): boolean {
  return editsBetween(key.toLowerCase(), name.toLowerCase()) <= 1;
}

/** Modes are octal everywhere but in JSON. */
function decimal(value: unknown, wanted: string): string {
  if (!wanted.startsWith('an integer') || typeof value !== 'string' || !/^0[0-7]+$/.test(value)) return '';
  return `: JSON has decimal numbers only, octal ${value} is ${Number.parseInt(value, 8)}`;
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
 * The error that says what is wrong in the document called `name`, or in what options say; its `field` is the first. With --debug each problem has
 * a line of its own in the log.
 */
export function refusal(
  name: string | undefined,
  code: ErrorCode,
  problems: readonly Problem[],
): RuntimeError {
  const prefix = name === undefined ? '' : `${name}: `;
  for (const problem of problems) log.debug(`${prefix}${describe(problem)}`);
  const { text, left } = summarize(problems);
  const field = problems[0]?.field || undefined;
  const hint = left > 0 ? 'run it with --debug for all of them' : undefined;
  return new RuntimeError(`${prefix}${text}`, { code, field, hint });
}

/** Refuses a config.json where a part of it is wanted: none of its properties would be known there, and so have an effect. */
export function refuseWholeConfig(document: unknown, part: string, code: ErrorCode): void {
  if (typeof document !== 'object' || document === null || !('ociVersion' in document)) return;
  throw new RuntimeError(`this is a whole config.json, its ${part} alone is wanted`, {
    code,
    hint: `jq .${part} config.json`,
  });
}
