import { listIds } from '../container/store.ts';
import { signalNames } from '../linux/signal.ts';
import { print } from './output.ts';
import { type Parsed, parse } from './parse.ts';
import { readSettings } from './settings.ts';
import { type Command, commands, globalOptions, type Option } from './table.ts';

/** Something to type, and what it does. */
export interface Candidate {
  word: string;
  meaning?: string;
}

/** What only this host knows. */
export interface Host {
  /** The IDs of the containers of a root; of the default one without `--root`. */
  containers(parsed: Parsed): readonly string[];
}

/** Answers the shell, which asks `trunc --get-yargs-completions WORDS` in scripts that yargs has made. */
export function answerShell(words: readonly string[], environment: NodeJS.ProcessEnv): number {
  const isZsh = `${environment.SHELL} ${environment.ZSH_NAME}`.includes('zsh');
  const containers = ({ globals }: Parsed): string[] => {
    const ids = listIds(readSettings(globals, environment).root) ?? [];
    return ids.filter((id) => !id.startsWith('@'));
  };
  for (const { word, meaning } of candidates(words.slice(1), { containers })) {
    // _describe of zsh takes a word and its meaning.
    print(isZsh && meaning !== undefined ? `${word.replaceAll(':', '\\:')}:${meaning}\n` : `${word}\n`);
  }
  return 0;
}

/** What can stand at the place of the last word; nothing where it is for the shell to propose files. */
export function candidates(words: readonly string[], host: Host): Candidate[] {
  const [current = ''] = words.slice(-1);
  const before = words.slice(0, -1);
  const parsed = parse(before);
  const { command, positionals } = parsed;
  const options = command?.options ?? globalOptions;
  const open = openOption(before.at(-1), options);
  if (open !== undefined)
    return startingWith(
      current,
      (open.choices ?? []).map((word) => ({ word })),
    );
  const isRest = before.includes('--') || (command?.takesRest === true && positionals.length > 0);
  if (current.startsWith('-') && !isRest) return startingWith(current, options.flatMap(namesOf));
  if (command === undefined) return parsed.problem ? [] : startingWith(current, commandNames());
  return startingWith(current, argumentsFor(command, parsed, host));
}

/** The option whose value is to be typed. */
function openOption(word: string | undefined, options: readonly Option[]): Option | undefined {
  if (word === undefined || !/^--?[^-=]/.test(word) || word.includes('=')) return undefined;
  const name = word.replace(/^--?/, '');
  return options.find((each) => each.type !== 'boolean' && (each.name === name || each.alias === name));
}

function namesOf({ name, alias, hidden, description }: Option): Candidate[] {
  if (hidden) return [];
  const long = { word: `--${name}`, meaning: description };
  return alias === undefined ? [long] : [long, { word: `-${alias}`, meaning: description }];
}

function commandNames(): Candidate[] {
  return commands.map(({ name, description }) => ({ word: name, meaning: description }));
}

function argumentsFor(command: Command, parsed: Parsed, host: Host): Candidate[] {
  const argument = command.positionals[parsed.positionals.length];
  if (argument?.name === 'action') return [{ word: 'check' }];
  if (argument?.name === 'signal') return signalNames().map((word) => ({ word }));
  if (argument?.name === 'command' && !command.takesRest) return commandNames();
  // Not the ID of a container that is to be made.
  if (argument?.name === 'container-id' && argument.required)
    return host.containers(parsed).map((word) => ({ word }));
  return [];
}

function startingWith(start: string, all: readonly Candidate[]): Candidate[] {
  return all.filter(({ word }) => word.startsWith(start));
}
