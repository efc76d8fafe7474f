import { RuntimeError } from '../errors.ts';
import { check } from './check.ts';
import type { Document, Spec } from './config.ts';
import { explain, type Problem, refusal } from './explain.ts';
import { validate } from './generated/validate-config.js';
import { syntaxError } from './syntax-error.ts';

const FILE = 'config.json';
const INVALID = 'CONFIG_INVALID';
// What rules about other parts of the document look at.
const SHARED_SECTIONS = ['', 'linux', 'linux.namespaces', 'linux.uidMappings', 'linux.gidMappings'];

/** Parses the text of a config.json; `file` is its name in errors. */
export function parseDocument(text: string, file: string): unknown {
  return unlessTooDeep(file, () => {
    try {
      return JSON.parse(text);
    } catch (thrown) {
      const { line, column, expected, found, hint } = syntaxError(text);
      const place = `line ${line}, column ${column}`;
      const message = `${file} is not valid JSON: ${place}: expected ${expected}, found ${found}`;
      throw new RuntimeError(message, { code: INVALID, hint }, thrown);
    }
  });
}

/** Runs what goes down into a document, which may be nested deeper than the stack is. */
function unlessTooDeep<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw refusal(file, INVALID, [{ field: '', message: 'is nested too deeply' }]);
  }
}

/** `process` of `process.args[0]`, `linux.resources` of `linux.resources.pids`. */
function sectionOf(field: string): string {
  const [first = '', second] = field.split(/[.[]/);
  return first === 'linux' && second !== undefined ? `linux.${second}` : first;
}

/** What the rules say about the sections in which the schema has found nothing wrong. */
function checkTheRest(document: unknown, problems: readonly Problem[]): Problem[] {
  const wrong = new Set(problems.map(({ field }) => sectionOf(field)));
  if (SHARED_SECTIONS.some((section) => wrong.has(section))) return [];
  const rest = structuredClone(document) as Record<string, Record<string, unknown>>;
  for (const section of wrong) {
    const [first = '', second] = section.split('.');
    if (second === undefined) delete rest[first];
    else delete rest[first]?.[second];
  }
  // The only section that the rules take to be there.
  if (wrong.has('ociVersion')) Object.assign(rest, { ociVersion: '1.0.0' });
  return check(rest as unknown as Document).filter(({ field }) => !wrong.has(sectionOf(field)));
}

/**
 * The parsed config.json as a Spec. An error (`CONFIG_INVALID`) names every field that is wrong, on one line;
 * its `field` is the first.
 */
export function validateSpec(document: unknown): Spec {
  if (!validate(document)) {
    const problems = explain(validate.errors ?? [], document);
    const others = unlessTooDeep(FILE, () => checkTheRest(document, problems));
    throw refusal(FILE, INVALID, [...problems, ...others]);
  }
  const problems = check(document);
  if (problems.length > 0) throw refusal(FILE, INVALID, problems);
  return document as Spec;
}
