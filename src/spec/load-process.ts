import type { Document, Process } from './config.ts';
import { explain, type Problem, refusal, refuseWholeConfig } from './explain.ts';
import { validate } from './generated/validate-process.js';
import { processRules } from './rules/process.ts';
import { problemsOf } from './rules/rule.ts';
import { schedulingRules } from './rules/scheduling.ts';

const NAME = 'process';
const INVALID = 'PROCESS_INVALID';
const PREFIX = 'process.';

/** What `exec --process` was given, as process of config.json. An error (`PROCESS_INVALID`) names every property that is wrong. */
export function validateProcess(document: unknown): Process {
  refuseWholeConfig(document, NAME, INVALID);
  if (!validate(document)) throw refusal(NAME, INVALID, explain(validate.errors ?? [], document));
  const problems = processProblems(document, PREFIX);
  if (problems.length > 0) throw refusal(NAME, INVALID, problems);
  return document as Process;
}

/** Refuses what options have made of a process that was good. */
export function checkProcess(process: Document['process']): void {
  const problems = processProblems(process);
  if (problems.length > 0) throw refusal(undefined, INVALID, problems);
}

function processProblems(process: Document['process'], prefix?: string): Problem[] {
  return problemsOf({ process } as Document, [...processRules, ...schedulingRules], prefix);
}
