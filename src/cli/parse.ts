import type { Command, Option, Values } from './table.ts';
import { commands, findCommand, globalOptions, positionalUsage } from './table.ts';

type Value = string | number | boolean | readonly string[] | undefined;
export type Globals = Values<typeof globalOptions>;

/** Why a command line cannot be carried out. */
export interface Problem {
  message: string;
  exitCode: number;
  /** Whether there are too many arguments or too few. */
  isCount?: true;
  /** An unknown word and those that stand at its place, for a suggestion. */
  unknown?: { kind: 'command' | 'option'; word: string; known: readonly string[] };
}

export interface Parsed {
  globals: Globals;
  command: Command | undefined;
  options: Record<string, Value>;
  positionals: string[];
  /** The first thing wrong. What stands before it has been understood. */
  problem: Problem | undefined;
}

/**
 * Reads a command line as Go's flag package and urfave/cli do: `--name value`, `--name=value`, one dash or
 * two; a boolean takes a value only after `=`; global options before the command, the command's options
 * anywhere after it, up to `--`.
 */
export function parse(argv: readonly string[]): Parsed {
  const globals = defaults(globalOptions);
  const parsed: Parsed = {
    globals: globals as Globals,
    command: undefined,
    options: {},
    positionals: [],
    problem: undefined,
  };
  const words = [...argv];
  while (isOption(words[0]) && parsed.problem === undefined) {
    if (words[0] === '--') {
      words.shift();
      break;
    }
    parsed.problem = takeOption(words, globalOptions, globals);
  }
  const name = words.shift();
  if (parsed.problem !== undefined || name === undefined) return parsed;
  parsed.command = findCommand(name);
  parsed.problem =
    parsed.command === undefined ? unknownCommand(name) : takeArguments(words, parsed.command, parsed);
  return parsed;
}

/** The problem of a first word that is no command; its exit status is what runc has for that. */
export function unknownCommand(word: string): Problem {
  const known = commands.map((command) => command.name);
  return {
    message: `unknown command ${JSON.stringify(word)}`,
    exitCode: 3,
    unknown: { kind: 'command', word, known },
  };
}

function takeArguments(words: string[], command: Command, parsed: Parsed): Problem | undefined {
  parsed.options = defaults(command.options);
  while (words.length > 0) {
    if (command.takesRest && parsed.positionals.length > 0) break;
    if (isOption(words[0])) {
      if (words[0] === '--') break;
      const problem = takeOption(words, command.options, parsed.options);
      if (problem !== undefined) return problem;
    } else {
      parsed.positionals.push(words.shift() as string);
    }
  }
  parsed.positionals.push(...words.slice(words[0] === '--' ? 1 : 0));
  return checkCount(command, parsed.positionals);
}

function isOption(word: string | undefined): boolean {
  return word !== undefined && word.length > 1 && word.startsWith('-');
}

function defaults(options: readonly Option[]): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const { name, type, multiple, default: value } of options)
    values[name] = type === 'boolean' ? false : multiple ? [] : value;
  return values;
}

/** Takes one option and its value off the front of `words`. */
function takeOption(
  words: string[],
  options: readonly Option[],
  values: Record<string, Value>,
): Problem | undefined {
  const [word, given] = splitOnce(words.shift() as string);
  const name = word.slice(word.startsWith('--') ? 2 : 1);
  const option = options.find((each) => each.name === name || each.alias === name);
  if (option === undefined) {
    const known = options.filter((each) => each.hidden !== true).map((each) => each.name);
    return { message: `unknown option ${word}`, exitCode: 1, unknown: { kind: 'option', word: name, known } };
  }
  const text = given ?? (option.type === 'boolean' ? 'true' : words.shift());
  // The words by which Podman sees whether there is such an option.
  if (text === undefined) return { message: `flag needs an argument: ${word}`, exitCode: 1 };
  const value = convert(option, text);
  if (value === undefined) {
    return {
      message: `invalid value ${JSON.stringify(text)} for ${word}: ${expectation(option)}`,
      exitCode: 1,
    };
  }
  values[option.name] = option.multiple ? [...(values[option.name] as string[]), value as string] : value;
  return undefined;
}

function splitOnce(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function convert(option: Option, text: string): Value {
  if (option.type === 'boolean') return booleans[text];
  if (option.type === 'number') return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return option.choices?.includes(text) === false ? undefined : text;
}

/** The words that Go takes for a boolean. */
const booleans: Record<string, boolean> = {
  true: true,
  True: true,
  TRUE: true,
  t: true,
  T: true,
  1: true,
  false: false,
  False: false,
  FALSE: false,
  f: false,
  F: false,
  0: false,
};

function expectation(option: Option): string {
  if (option.type === 'boolean') return 'must be true or false';
  if (option.type === 'number') return 'must be a whole number';
  return `must be one of ${option.choices?.join(', ')}`;
}

function checkCount(command: Command, given: readonly string[]): Problem | undefined {
  const missing = command.positionals.slice(given.length).filter((positional) => positional.required);
  if (missing.length > 0) {
    const names = missing.map(positionalUsage).join(' and ');
    return { message: `"${command.name}" needs ${names}`, exitCode: 1, isCount: true };
  }
  if (command.takesRest || given.length <= command.positionals.length) return undefined;
  const extra = JSON.stringify(given[command.positionals.length]);
  return { message: `unexpected argument ${extra} of "${command.name}"`, exitCode: 1, isCount: true };
}
