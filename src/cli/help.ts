import type { Argv } from 'yargs';
import yargs from 'yargs';
import type { Problem } from './parse.ts';
import { type Command, commands, completionCommand, globalOptions, type Option } from './table.ts';

/** The help of one command, or of the whole program. Ends in a newline. */
export async function helpText(command?: Command): Promise<string> {
  const text = await (command === undefined ? program([]) : commandProgram(command)).getHelp();
  return `${text}\n`;
}

/** The message with a suggestion: `unknown option --bundel (did you mean --bundle?)`. */
export function describeProblem({ message, unknown }: Problem): string {
  if (unknown === undefined) return message;
  const { word, known, kind } = unknown;
  if (kind === 'option' && globalOptions.some(({ name }) => name === word)) {
    return `${message} (--${word} goes before the command)`;
  }
  const suggestion = nearest(word, known);
  if (suggestion === undefined) return message;
  return `${message} (did you mean ${kind === 'option' ? `--${suggestion}` : suggestion}?)`;
}

/** Answers the shell, which asks with `--get-yargs-completions WORDS`, or prints what makes it ask. */
export async function complete(argv: readonly string[]): Promise<number> {
  const asked = argv[0] === '--get-yargs-completions';
  if (asked) await program([...argv]).parseAsync();
  else program([]).showCompletionScript();
  return 0;
}

function program(argv: string[]): Argv {
  const all = base(argv)
    .scriptName('trunc')
    .usage('trunc [global options] COMMAND [options] [arguments]\n\nRuns containers from OCI bundles.')
    .options(described(globalOptions))
    .completion(completionCommand.name, completionCommand.description)
    .epilog('"trunc help COMMAND" tells more about a command.');
  for (const command of commands) {
    if (command === completionCommand) continue;
    const usage = [command.name, ...command.positionals.map(positionalUsage)].join(' ');
    all.command(usage, command.description, (each) => each.options(described(command.options)));
  }
  return all;
}

function commandProgram(command: Command): Argv {
  const words = ['trunc', command.name, '[options]', ...command.positionals.map(positionalUsage)];
  const paragraphs = [words.join(' '), `${sentence(command.description)} ${command.details ?? ''}`.trim()];
  const one = base([]).scriptName(`trunc ${command.name}`).usage(paragraphs.join('\n\n'));
  for (const { name, description } of command.positionals) one.positional(name, { describe: description });
  for (const [example, meaning] of command.examples ?? []) one.example(example, meaning);
  return one.options(described(command.options));
}

/** Help and version are options of ours; the language is that of all our messages. */
function base(argv: string[]): Argv {
  return yargs(argv).help(false).version(false).locale('en').exitProcess(false);
}

function described(options: readonly Option[]) {
  const entries = options.map((option) => {
    const { name, alias, type, default: value, choices, description, hidden = false } = option;
    const known = { type, description, hidden, requiresArg: type !== 'boolean' };
    const given = Object.entries({ alias, default: value, choices }).filter(([, each]) => each !== undefined);
    return [name, { ...known, ...Object.fromEntries(given) }];
  });
  return Object.fromEntries(entries);
}

function positionalUsage({ name, required }: Command['positionals'][number]): string {
  return required ? `<${name}>` : `[${name}]`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const MAX_DISTANCE = 2;

/** The known word that is meant by a mistyped or shortened one, if any is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, edits: word.length > 1 && name.startsWith(word) ? 0 : distance(word, name) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= MAX_DISTANCE && best.edits < word.length ? best.name : undefined;
}

/** Levenshtein distance: single-letter edits that turn one word into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] as number) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] as number) + 1, (next[column - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
