import { checkId } from '../container/options.ts';
import { asRuntimeError, within } from '../errors.ts';
import { appendFile } from '../linux/file.ts';
import { configureLog, log, logOptions, oneLine, writeError } from '../log.ts';
import type { AnyHandler, Handlers } from './invocation.ts';
import { type Globals, type Parsed, parse } from './parse.ts';
import { readSettings } from './settings.ts';

/**
 * Carries out a command line, without engine and script, with the handler of its command, or leaves it to `others`: what is no
 * command, or is asked about. Returns the exit status. Never throws.
 */
export async function answer(
  argv: readonly string[],
  handlers: Handlers,
  others: (parsed: Parsed) => Promise<number>,
): Promise<number> {
  const parsed = parse(argv);
  try {
    openLog(parsed.globals);
    const { command, options, globals, problem } = parsed;
    const isPlain = problem === undefined && !globals.version && !globals.help && options.help !== true;
    const handler = isPlain && command !== undefined ? handlers[command.name] : undefined;
    return await (handler === undefined ? others(parsed) : carryOut(parsed, handler));
  } catch (thrown) {
    return report(thrown, parsed);
  }
}

/** Has the command's own handler do what was understood. */
export function carryOut(
  { command, globals, options, positionals }: Parsed,
  handler: AnyHandler,
): number | Promise<number> {
  const [id] = positionals;
  if (command?.positionals[0]?.name === 'container-id' && id !== undefined) checkId(id);
  const settings = readSettings(globals, process.env);
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
