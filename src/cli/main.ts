import { checkId } from '../container/options.ts';
import { asRuntimeError, within } from '../errors.ts';
import { exitNow } from '../linux/exec.ts';
import { appendFile } from '../linux/file.ts';
import { configureLog, log, logOptions, oneLine, writeError } from '../log.ts';
import * as create from './commands/create.ts';
import * as remove from './commands/delete.ts';
import * as exec from './commands/exec.ts';
import * as kill from './commands/kill.ts';
import * as list from './commands/list.ts';
import * as pause from './commands/pause.ts';
import * as resume from './commands/resume.ts';
import * as run from './commands/run.ts';
import * as start from './commands/start.ts';
import * as state from './commands/state.ts';
import type { AnyHandler } from './invocation.ts';
import { print } from './output.ts';
import { type Globals, type Parsed, parse, unknownCommand } from './parse.ts';
import { readSettings } from './settings.ts';
import { type Command, completionCommand, findCommand, helpCommand } from './table.ts';

/** What engines call; the other ones are in more.ts. */
const handlers: Readonly<Partial<Record<string, AnyHandler>>> = {
  create: create.handler,
  start: start.handler,
  run: run.handler,
  exec: exec.handler,
  state: state.handler,
  kill: kill.handler,
  delete: remove.handler,
  list: list.handler,
  pause: pause.handler,
  resume: resume.handler,
};

/** Carries out a command line, without engine and script, and ends this process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  exitNow(await main(argv));
}

/** Returns the exit status. Never throws. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parse(argv);
  try {
    if (argv[0] === '--get-yargs-completions')
      return (await import('./more.ts')).answerShell(argv.slice(1), process.env);
    openLog(parsed.globals);
    return await answer(parsed);
  } catch (thrown) {
    return report(thrown, parsed);
  }
}

async function answer(parsed: Parsed): Promise<number> {
  const { globals, command, options } = parsed;
  if (globals.version) return (await import('./more.ts')).printVersion();
  if (globals.help || options.help === true) return showHelp(command);
  if (parsed.problem !== undefined) return explainMisuse(parsed);
  if (command === undefined) return showHelp();
  if (command === helpCommand) return helpOn(parsed);
  if (command === completionCommand) return (await import('./help.ts')).printCompletionScript();
  return carryOut(command, parsed);
}

async function carryOut(command: Command, { globals, options, positionals }: Parsed): Promise<number> {
  const [id] = positionals;
  if (command.positionals[0]?.name === 'container-id' && id !== undefined) checkId(id);
  const settings = readSettings(globals, process.env);
  const handler = (handlers[command.name] ??
    (await import('./more.ts')).handlers[command.name]) as AnyHandler;
  // Its options are those of `command` because both are found under the same name.
  return handler({ settings, options, positionals } as never);
}

/** Sets up the log; a file that cannot be written is an error before anything is done. */
function openLog(globals: Globals): void {
  const file = globals.log === '' ? undefined : globals.log;
  const { debug, 'log-format': format } = globals;
  configureLog({ file: undefined, format: format === 'json' ? 'json' : 'text', debug });
  if (file === undefined) return;
  within(`--log ${file}`, () => appendFile(file, ''), { code: 'LOG_FILE', field: '--log' });
  configureLog({ ...logOptions(), file });
}

async function showHelp(command?: Command): Promise<number> {
  print(await (await import('./help.ts')).helpText(command));
  return 0;
}

function helpOn(parsed: Parsed): Promise<number> {
  const [name] = parsed.positionals;
  const command = name === undefined ? undefined : findCommand(name);
  if (name === undefined || command !== undefined) return showHelp(command);
  return explainMisuse({ ...parsed, command, problem: unknownCommand(name) });
}

async function explainMisuse(parsed: Parsed): Promise<number> {
  if (parsed.problem === undefined) return 0;
  return report((await import('./more.ts')).misuse(parsed.problem, parsed.command), parsed);
}

/** Whether a message for callers goes beside the one for people. */
function logsElsewhere(): boolean {
  const { file, format } = logOptions();
  return file !== undefined || format === 'json';
}

/** Callers tell by it that it is not the status of the program. */
const EXEC_FAILED = 255;

/** So runc begins when it does not understand the command line. */
const MISUSE = 'Incorrect Usage: ';

/** What stands before the error of a command that runs a program; callers look for it. */
const prefixes: Readonly<Partial<Record<string, string>>> = {
  create: 'trunc create failed: ',
  run: 'trunc run failed: ',
  exec: 'exec failed: ',
};

/** Says what went wrong, once per reader, and returns the exit status. */
function report(thrown: unknown, { command, problem }: Parsed): number {
  const error = asRuntimeError(thrown);
  const { code, field, errno } = error;
  const isPlain = code === 'INTERNAL' && !logOptions().debug;
  const hint = isPlain ? 'run it with --debug for details' : error.hint;
  const prefix = problem === undefined ? prefixes[command?.name ?? ''] : MISUSE;
  const message = oneLine(`${prefix ?? ''}${error.message}`);
  if (thrown instanceof Error) log.debug(String(thrown.stack));
  if (logsElsewhere()) {
    const details = Object.entries({ code, field, errno, hint }).filter((entry) => entry[1] !== undefined);
    log.error(message, Object.fromEntries(details) as Record<string, string>);
  }
  // With JSON on standard error, that is all there may be.
  if (logOptions().file !== undefined || !logsElsewhere()) {
    writeError(
      `${prefix === undefined ? 'trunc: ' : ''}${message}${hint === undefined ? '' : ` (${hint})`}\n`,
    );
  }
  return command?.name === 'exec' && problem === undefined ? EXEC_FAILED : error.exitCode;
}
