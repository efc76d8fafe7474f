import type { CreateOptions, WatchOptions } from '../container/options.ts';
import { RuntimeError } from '../errors.ts';
import { logOptions } from '../log.ts';
import { resolve } from '../posix-path.ts';
import type { Invocation } from './invocation.ts';
import type { createCommand, runCommand } from './table.ts';

/** What `create` and `run` ask of container/. Makes paths absolute. */
export function readCreateOptions(
  { settings, options }: Invocation<typeof createCommand> | Invocation<typeof runCommand>,
  id: string,
): CreateOptions {
  const { root, systemd, systemdCgroup, noCgroup, rootless } = settings;
  const { listenFds, notifySocket, seccompCache, searchPath } = settings;
  return {
    root,
    id,
    bundle: resolve(options.bundle ?? '.'),
    pidFile: absolute(options['pid-file']),
    consoleSocket: absolute(options['console-socket']),
    pidfdSocket: absolute(options['pidfd-socket']),
    noPivot: options['no-pivot'],
    noNewKeyring: options['no-new-keyring'],
    preserveFds: options['preserve-fds'],
    listenFds,
    notifySocket,
    seccompCache,
    searchPath,
    systemd,
    systemdCgroup,
    noCgroup,
    rootless,
  };
}

/** From the working directory. */
export function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** With --debug: says what in config.json has no effect. */
export async function inspection(): Promise<Pick<CreateOptions, 'inspect'>> {
  if (!logOptions().debug) return {};
  const { warnOfRepeatedNames, warnOfUnknownProperties } = await import('./more.ts');
  return {
    inspect: ({ text, document }) => {
      warnOfRepeatedNames(text);
      warnOfUnknownProperties(document);
    },
  };
}

/** With --seccomp-log: who takes note of what is refused, in the foreground. */
export async function refusalLog(isAsked: boolean, detach: boolean): Promise<WatchOptions> {
  if (!isAsked) return {};
  if (!detach) return { watch: (await import('./more.ts')).openRefusals };
  throw new RuntimeError('--seccomp-log and --detach exclude each other', {
    code: 'USAGE',
    hint: 'what is refused is told at the end of the program',
  });
}

/** A container ID for a caller who gave none. */
export async function makeId(): Promise<string> {
  const { v4 } = await import('./more.ts');
  return v4();
}
