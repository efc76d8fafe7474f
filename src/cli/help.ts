import type { Argv } from 'yargs';
import yargs from 'yargs';
import {
  type Command,
  commands,
  completionCommand,
  globalOptions,
  type Option,
  positionalUsage,
} from './table.ts';

/** The help of one command, or of the whole program. Ends in a newline. */
export async function helpText(command?: Command): Promise<string> {
  const text = await (command === undefined ? program() : commandProgram(command)).getHelp();
  return `${text}\n`;
}

/** Prints what makes the shell, by $SHELL, ask for completions. */
export function printCompletionScript(): number {
  program().showCompletionScript();
  return 0;
}

function program(): Argv {
  const all = base()
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
  const one = base().scriptName(`trunc ${command.name}`).usage(paragraphs.join('\n\n'));
  for (const { name, description } of command.positionals) one.positional(name, { describe: description });
  for (const [example, meaning] of command.examples ?? []) one.example(example, meaning);
  return one.options(described(command.options));
}

/** Help and version are options of ours; the language is that of all our messages. */
function base(): Argv {
  return yargs([]).help(false).version(false).locale('en').exitProcess(false);
}

function described(options: readonly Option[]) {
  const entries = options.map((option) => {
    const { name, alias, type, default: value, choices, multiple, description, hidden = false } = option;
    const known = { type, description, hidden, requiresArg: type !== 'boolean' };
    const given = Object.entries({ alias, default: value, choices, array: multiple }).filter(
      ([, each]) => each !== undefined,
    );
    return [name, { ...known, ...Object.fromEntries(given) }];
  });
  return Object.fromEntries(entries);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
