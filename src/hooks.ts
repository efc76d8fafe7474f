// Runs on the host and in the container's namespaces.
import { asRuntimeError, RuntimeError, within } from './errors.ts';
import { execFailure } from './linux/exec-failure.ts';
import { failedWith } from './linux/path.ts';
import type { Limit } from './linux/rlimit.ts';
import { type ProgramEnd, runProgram } from './linux/run-program.ts';
import type { SpawnPlan } from './linux/spawn.ts';
import { log } from './log.ts';
import type { Hook, Hooks } from './spec/config.ts';
import type { State } from './spec/state.ts';

/** In what circumstances the hooks of a kind run. */
export interface HookContext {
  /** What they read from standard input. */
  state: State;
  cwd: string;
  /** For those that have no `env`; nothing when absent. */
  env?: readonly string[];
  /** The caller's own when absent. */
  umask?: number;
  limits?: readonly Limit[];
  /** A seccomp filter that holds for them. */
  filter?: SpawnPlan['filter'];
  /** The caller's soft RLIMIT_NOFILE, where the engine has changed it. */
  softNofile?: number | undefined;
}

/** Runs the hooks of a kind in the listed order; the first failure is an error (`HOOK_FAILED`, `HOOK_TIMEOUT`). */
export function runHooks(kind: keyof Hooks, hooks: Hooks | undefined, context: HookContext): void {
  let index = 0;
  for (const hook of hooks?.[kind] ?? []) runHook(hook, `hooks.${kind}[${index++}]`, context);
}

/** Runs all poststop hooks: a failure is a warning. */
export function runPoststop(hooks: Hooks | undefined, context: HookContext): void {
  let index = 0;
  for (const hook of hooks?.poststop ?? []) {
    try {
      runHook(hook, `hooks.poststop[${index++}]`, context);
    } catch (error) {
      const { message, hint } = asRuntimeError(error);
      log.warning(hint === undefined ? message : `${message} (${hint})`);
    }
  }
}

function runHook(hook: Hook, field: string, context: HookContext): void {
  const { path, timeout } = hook;
  const start = performance.now();
  const end = within(`${field}: execute ${path}`, () => execute(hook, context), {
    code: 'HOOK_FAILED',
    field,
  });
  const failure = failureOf(end, timeout);
  const output = quote(end.output);
  if (failure === undefined) {
    log.debug(`${field}: ${path}: done after ${(performance.now() - start).toFixed()} ms${output}`);
    return;
  }
  const code = end.timedOut ? 'HOOK_TIMEOUT' : 'HOOK_FAILED';
  throw new RuntimeError(`${field}: ${path}: ${failure}${output}`, { code, field });
}

function execute({ path, args = [], env, timeout }: Hook, context: HookContext): ProgramEnd {
  try {
    return runProgram({
      file: path,
      argv: args.length === 0 ? [path] : args,
      env: env ?? context.env ?? [],
      cwd: context.cwd,
      umask: context.umask,
      limits: [...nofile(context), ...(context.limits ?? [])],
      filter: context.filter,
      input: JSON.stringify(context.state),
      milliseconds: timeout === undefined ? undefined : timeout * 1000,
    });
  } catch (thrown) {
    const { message, errno } = asRuntimeError(thrown);
    const why = execFailure(path);
    const reason = `${message.replace(`${path}: `, '')}${why === undefined ? '' : `: ${why.reason}`}`;
    throw new RuntimeError(reason, { code: 'HOOK_FAILED', errno, hint: why?.hint ?? hintOn(thrown) });
  }
}

function nofile({ softNofile: soft }: HookContext): Limit[] {
  return soft === undefined ? [] : [{ type: 'RLIMIT_NOFILE', soft }];
}

function hintOn(thrown: unknown): string | undefined {
  if (failedWith(thrown, 'EAGAIN')) return 'does linux.resources.pids.limit leave room for a hook?';
  if (failedWith(thrown, 'ENOSYS')) return 'a hook has no agent that SCMP_ACT_NOTIFY for execve could ask';
  return undefined;
}

function failureOf({ status, how, timedOut }: ProgramEnd, timeout: number | undefined): string | undefined {
  if (!timedOut) return status === 0 ? undefined : how;
  return `timed out after ${timeout} s${status === undefined ? ' and does not end after SIGKILL' : ''}`;
}

/** What a hook has written, on one line and without what a terminal or a log would take for more than text. */
export function quote(output: string): string {
  const line = output
    .trim()
    .replace(/\s*[\r\n]+\s*/g, '; ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return line === '' ? '' : `: ${line}`;
}
