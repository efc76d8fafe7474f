import { exitNow } from '../linux/exec.ts';
import * as remove from './commands/delete.ts';
import * as kill from './commands/kill.ts';
import * as list from './commands/list.ts';
import * as pause from './commands/pause.ts';
import * as resume from './commands/resume.ts';
import * as start from './commands/start.ts';
import * as state from './commands/state.ts';
import type { AnyHandler } from './invocation.ts';
import { answer } from './program.ts';
import type { ShortCommand } from './short-names.ts';

/** The commands that start no init. */
export const handlers: Readonly<Record<ShortCommand, AnyHandler>> = {
  delete: remove.handler,
  kill: kill.handler,
  list: list.handler,
  pause: pause.handler,
  resume: resume.handler,
  start: start.handler,
  state: state.handler,
};

/** Carries out a command line, which probably has one of these, and ends this process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  exitNow(await answer(argv, handlers, async () => (await import('#commands')).answerAll(argv)));
}
