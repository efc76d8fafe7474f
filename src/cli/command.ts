/** How commands and their options are described. */

export interface Option {
  readonly name: string;
  readonly alias?: string;
  readonly type: 'boolean' | 'string' | 'number';
  /** Booleans are false, multiple ones empty and strings undefined unless said otherwise. */
  readonly default?: string | number;
  readonly choices?: readonly string[];
  /** May be given several times, each time with one more value. */
  readonly multiple?: true;
  readonly description: string;
  readonly hidden?: true;
}

export interface Positional {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
}

export interface Command {
  readonly name: string;
  readonly alias?: string;
  readonly description: string;
  /** More about it, for its help. */
  readonly details?: string;
  readonly positionals: readonly Positional[];
  readonly options: readonly Option[];
  /** What follows the first positional is the command's own business, options included. */
  readonly takesRest?: true;
  readonly examples?: readonly (readonly [command: string, meaning: string])[];
}

type ValueOf<O extends Option> = O['type'] extends 'boolean'
  ? boolean
  : O['type'] extends 'number'
    ? number
    : O extends { multiple: true }
      ? readonly string[]
      : O extends { default: string }
        ? string
        : string | undefined;

/** The values of a list of options, by name. */
export type Values<T extends readonly Option[]> = { [O in T[number] as O['name']]: ValueOf<O> };

export const flag = <const N extends string>(name: N, description: string) =>
  ({ name, type: 'boolean', description }) as const;
export const text = <const N extends string>(name: N, description: string) =>
  ({ name, type: 'string', description }) as const;

/** What every command has, and most are about. */
export const help = { name: 'help', alias: 'h', type: 'boolean', description: 'show help' } as const;
export const container = {
  name: 'container-id',
  required: true,
  description: 'name of the container',
} as const;
export const format = {
  name: 'format',
  alias: 'f',
  type: 'string',
  default: 'table',
  choices: ['table', 'json'],
  description: 'format of the output',
} as const;
/** For those that make a container. */
export const bundle = {
  name: 'bundle',
  alias: 'b',
  type: 'string',
  description: 'directory with config.json (default: the working directory)',
} as const;
export const newContainer = {
  name: 'container-id',
  required: false,
  description: 'name of the new container, unique on this host (default: a random one, printed)',
} as const;
/** For those that run a program. */
export const pidFile = text('pid-file', 'file to write the process ID to');
export const consoleSocket = text('console-socket', 'unix socket that receives the pseudoterminal');
export const pidfdSocket = text('pidfd-socket', 'unix socket that receives a pidfd of the process');
export const detach = {
  name: 'detach',
  alias: 'd',
  type: 'boolean',
  description: 'do not wait for the end of the program',
} as const;
export const noSubreaper = flag('no-subreaper', 'do not adopt processes that the container orphans');
export const seccompLog = flag('seccomp-log', 'log at the end which system calls linux.seccomp has refused');
