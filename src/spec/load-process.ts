import type { Document, Process } from './config.ts';
import { explain, type Problem, refusal } from './explain.ts';
import { validate } from './generated/validate-process.js';
import { processRules } from './rules/process.ts';
import { schedulingRules } from './rules/scheduling.ts';

const NAME = 'process';
const INVALID = 'PROCESS_INVALID';
const PREFIX = 'process.';

/** What `exec --process` was given, as process of config.json. An error (`PROCESS_INVALID`) names every property that is wrong. */
export function validateProcess(document: unknown): Process {
  if (!validate(document)) throw refusal(NAME, INVALID, explain(validate.errors ?? [], document));
  const problems: Problem[] = problemsOf(document).map(({ field, message }) => ({
    field: field.replace(PREFIX, ''),
    message: message.replaceAll(PREFIX, ''),
  }));
  if (problems.length > 0) throw refusal(NAME, INVALID, problems);
  return document as Process;
}

/** Refuses what options have made of a process that was good. */
export function checkProcess(process: Document['process']): void {
  const problems = problemsOf(process);
  if (problems.length > 0) throw refusal(NAME, INVALID, problems);
}

function problemsOf(process: Document['process']): Problem[] {
  const problems: Problem[] = [];
  for (const rule of [...processRules, ...schedulingRules])
    rule({ process } as Document, (field, message) => problems.push({ field, message }));
  return problems;
}
