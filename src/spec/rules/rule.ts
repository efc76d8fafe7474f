import type { Document } from '../config.ts';
import { type Problem, show } from '../explain.ts';

/** Takes note of one problem. */
export type Report = (field: string, message: string) => void;

/**
 * Looks at one thing in a document that has passed the schema. Rules run before every start of a container, in
 * a cold engine: they name a field only when it is wrong, and keep to plain loops and string operations, since
 * the first use of a regular expression or of an array method with a callback costs more than all of a rule.
 */
export type Rule = (spec: Document, report: Report) => void;

/**
 * What rules say of a document. `prefix` is left out of their words: a part of config.json that is given by itself has it
 * in none of its names.
 */
export function problemsOf(document: Document, rules: readonly Rule[], prefix = ''): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (field, message) => {
    problems.push({ field: field.replace(prefix, ''), message: message.replaceAll(prefix, '') });
  };
  for (const rule of rules) rule(document, report);
  return problems;
}

/** Why text is no good for the kernel, where a NUL ends every string. */
export const NUL = 'must not contain a NUL byte';

/** Whether a text has what ends every string of C. */
export function hasNul(text: string | undefined): boolean {
  return text?.includes('\0') ?? false;
}

/** What is wrong with something that must be an absolute path. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return `must be an absolute path, found ${show(path)}`;
  return hasNul(path) ? NUL : undefined;
}

/** What is wrong with an entry of an environment. */
export function variableProblem(entry: string): string | undefined {
  if (entry.indexOf('=') < 1) return `must be NAME=value, found ${show(entry)}`;
  return hasNul(entry) ? NUL : undefined;
}

/** Calls `action` with every item and its index. */
export function each<T>(list: readonly T[] | undefined, action: (item: T, index: number) => void): void {
  let index = 0;
  for (const item of list ?? []) action(item, index++);
}
