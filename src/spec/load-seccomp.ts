import type { Document, Seccomp } from './config.ts';
import { explain, refusal } from './explain.ts';
import { validate } from './generated/validate-seccomp.js';
import { problemsOf } from './rules/rule.ts';
import { seccompRules } from './rules/seccomp.ts';

const INVALID = 'SECCOMP_INVALID';
const PREFIX = 'linux.seccomp.';

/** A profile by itself, as linux.seccomp; `name` stands for it in the error (`SECCOMP_INVALID`) that says all that is wrong. */
export function validateSeccomp(document: unknown, name: string): Seccomp {
  if (!validate(document)) throw refusal(name, INVALID, explain(validate.errors ?? [], document));
  const problems = problemsOf({ linux: { seccomp: document } } as Document, seccompRules, PREFIX);
  if (problems.length > 0) throw refusal(name, INVALID, problems);
  return document;
}
