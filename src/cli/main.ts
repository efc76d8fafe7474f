import { exitNow } from '../linux/exec.ts';
import * as create from './commands/create.ts';
import * as exec from './commands/exec.ts';
import * as run from './commands/run.ts';
import type { AnyHandler, Handlers } from './invocation.ts';
import { print } from './output.ts';
import { type Parsed, type Problem, unknownCommand } from './parse.ts';
import { answer, carryOut } from './program.ts';
import { handlers as shortHandlers } from './short.ts';
import { type Command, completionCommand, findCommand, helpCommand } from './table.ts';

/** What engines call; the other ones are in more.ts. */
const handlers: Handlers = {
  ...shortHandlers,
  create: create.handler,
  run: run.handler,
  exec: exec.handler,
};

/** Carries out a command line and ends this process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  exitNow(await answerAll(argv));
}

/** Carries out a command line; returns the exit status. */
export function answerAll(argv: readonly string[]): Promise<number> {
  return answer(argv, handlers, (parsed) => answerOther(parsed, argv));
}

async function answerOther(parsed: Parsed, argv: readonly string[]): Promise<number> {
  const { globals, command, options } = parsed;
  if (argv[0] === '--get-yargs-completions')
    return (await import('./more.ts')).answerShell(argv.slice(1), process.env);
  if (globals.version) return (await import('./more.ts')).printVersion();
  if (globals.help || options.help === true) return showHelp(command);
  if (parsed.problem !== undefined) return refuse(parsed);
  if (command === undefined) return showHelp();
  if (command === helpCommand) return helpOn(parsed);
  if (command === completionCommand) return (await import('./help.ts')).printCompletionScript();
  return carryOut(parsed, (await import('./more.ts')).handlers[command.name] as AnyHandler);
}

async function showHelp(command?: Command): Promise<number> {
  print(await (await import('./help.ts')).helpText(command));
  return 0;
}

async function helpOn(parsed: Parsed): Promise<number> {
  const [name] = parsed.positionals;
  parsed.command = name === undefined ? undefined : findCommand(name);
  if (name === undefined || parsed.command !== undefined) return showHelp(parsed.command);
  parsed.problem = unknownCommand(name);
  return refuse(parsed);
}

/** Throws what is wrong with the command line, and what was probably meant. */
async function refuse({ problem, command }: Parsed): Promise<never> {
  throw (await import('./more.ts')).misuse(problem as Problem, command);
}
