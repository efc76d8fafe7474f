import type { Document } from '../config.ts';
import { missing } from '../explain.ts';
import { each, hasNul, NUL, pathProblem, type Report, type Rule, variableProblem } from './rule.ts';

// NGROUPS_MAX of the kernel, and the fields of its struct winsize.
const MAX_GROUPS = 65536;
const MAX_CHARACTERS = 65535;

function present(document: Document, report: Report): void {
  // The specification lets `create` do without, but then no `start` could ever succeed.
  if (document.process === undefined) report('process', missing('process', document));
}

function cwd({ process }: Document, report: Report): void {
  const problem = process && pathProblem(process.cwd);
  if (problem) report('process.cwd', problem);
}

function args({ process }: Document, report: Report): void {
  if (!process) return;
  if (!process.args) report('process.args', missing('args', process));
  else if (process.args.length === 0) report('process.args', 'must not be empty');
  else if (process.args[0] === '') report('process.args[0]', 'must not be empty');
  each(process.args, (text, index) => {
    if (hasNul(text)) report(`process.args[${index}]`, NUL);
  });
}

function env({ process }: Document, report: Report): void {
  each(process?.env, (entry, index) => {
    const problem = variableProblem(entry);
    if (problem) report(`process.env[${index}]`, problem);
  });
}

function rlimits({ process }: Document, report: Report): void {
  const seen: string[] = [];
  each(process?.rlimits, ({ type, soft, hard }, index) => {
    if (seen.includes(type)) report(`process.rlimits[${index}].type`, `${type} is there twice`);
    if (soft > hard) {
      report(`process.rlimits[${index}].soft`, `must not be above hard, found ${soft} above ${hard}`);
    }
    seen.push(type);
  });
}

function user({ process }: Document, report: Report): void {
  const given = process?.user as { uid?: number; username?: unknown } | undefined;
  // It would be root: the specification has names for Windows alone.
  if (given?.username !== undefined && given.uid === undefined)
    report('process.user.uid', 'is missing; process.user.username has no effect on Linux');
  const count = process?.user?.additionalGids?.length ?? 0;
  if (count > MAX_GROUPS)
    report('process.user.additionalGids', `must have at most ${MAX_GROUPS} entries, found ${count}`);
}

function labels({ process }: Document, report: Report): void {
  if (hasNul(process?.apparmorProfile)) report('process.apparmorProfile', NUL);
  if (hasNul(process?.selinuxLabel)) report('process.selinuxLabel', NUL);
}

/** Without a terminal the size has to be ignored. */
function consoleSize({ process }: Document, report: Report): void {
  const size = process?.terminal ? process.consoleSize : undefined;
  if (!size) return;
  for (const key of ['height', 'width'] as const) {
    if (size[key] > MAX_CHARACTERS)
      report(`process.consoleSize.${key}`, `must be at most ${MAX_CHARACTERS}, found ${size[key]}`);
  }
}

export const processRules: readonly Rule[] = [present, cwd, args, env, rlimits, user, labels, consoleSize];
