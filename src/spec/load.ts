import { RuntimeError } from '../errors.ts';
import { check } from './check.ts';
import type { Spec } from './config.ts';
import { explain, type Problem, summarize } from './explain.ts';
import { validate } from './generated/validate-config.js';
import { syntaxError } from './syntax-error.ts';

const FILE = 'config.json';

function invalid(problems: readonly Problem[]): RuntimeError {
  const field = problems[0]?.field || undefined;
  return new RuntimeError(`${FILE}: ${summarize(problems)}`, { code: 'CONFIG_INVALID', field });
}

/** Parses the text of a config.json; `file` is its name in errors. */
export function parseDocument(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const { line, column, expected } = syntaxError(text);
    const message = `${file} is not valid JSON: line ${line}, column ${column}: expected ${expected}`;
    throw new RuntimeError(message, { code: 'CONFIG_INVALID' }, thrown);
  }
}

/**
 * The parsed config.json as a Spec. An error (`CONFIG_INVALID`) names every field that is wrong, on one line;
 * its `field` is the first.
 */
export function validateSpec(document: unknown): Spec {
  if (!validate(document)) throw invalid(explain(validate.errors ?? [], document));
  const problems = check(document);
  if (problems.length > 0) throw invalid(problems);
  return document as Spec;
}
