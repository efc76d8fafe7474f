import { RuntimeError } from '../errors.ts';
import { nearest } from '../spec/nearest.ts';
import type { Problem } from './parse.ts';
import { type Command, globalOptions, positionalUsage } from './table.ts';

/** What other programs call it. */
const commandsElsewhere: Readonly<Record<string, string>> = {
  destroy: 'delete',
  inspect: 'state',
  ls: 'list',
  remove: 'delete',
  rm: 'delete',
  stats: 'events --stats',
  status: 'state',
  stop: 'kill',
  unpause: 'resume',
  version: '--version',
};

/** The error of a command line that cannot be understood, with what was probably meant or where to look. */
export function misuse(problem: Problem, command: Command | undefined): RuntimeError {
  const { message, exitCode, unknown } = problem;
  const hint = (unknown && suggestion(unknown, command)) ?? whereToLook(problem, command);
  return new RuntimeError(message, { code: 'USAGE', exitCode, hint });
}

function suggestion(
  { kind, word, known }: NonNullable<Problem['unknown']>,
  command?: Command,
): string | undefined {
  if (kind === 'command') {
    const meant = Object.hasOwn(commandsElsewhere, word) ? commandsElsewhere[word] : nearest(word, known);
    return meant && `did you mean ${meant}?`;
  }
  if (globalOptions.some(({ name }) => name === word)) return `--${word} goes before the command`;
  if (command?.name === 'kill' && /^[A-Z\d]+$/.test(word))
    return `the signal comes last: trunc kill ID ${word}`;
  const meant = nearest(word, known);
  return meant && `did you mean --${meant}?`;
}

function whereToLook({ isCount }: Problem, command?: Command): string {
  if (command === undefined) return 'see "trunc help"';
  if (!isCount) return `see "trunc help ${command.name}"`;
  return ['trunc', command.name, '[options]', ...command.positionals.map(positionalUsage)].join(' ');
}
