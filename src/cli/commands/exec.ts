import { exec } from '../../container/exec.ts';
import type { ExecOptions } from '../../container/options.ts';
import { within } from '../../errors.ts';
import { readFile } from '../../linux/file.ts';
import { parseDocument } from '../../spec/load.ts';
import { validateProcess } from '../../spec/load-process.ts';
import { absolute, refusalLog } from '../create-options.ts';
import { readUser } from '../exec-user.ts';
import { containerOf, type Handler, type Invocation } from '../invocation.ts';
import type { execCommand } from '../table-exec.ts';

export const handler: Handler<typeof execCommand> = async (invocation) => {
  const { options, settings } = invocation;
  const { process: file, detach, cgroup } = options;
  return exec({
    ...containerOf(invocation),
    process:
      file === undefined
        ? changes(invocation)
        : { whole: validateProcess(parseDocument(read(file), '--process')) },
    pidFile: absolute(options['pid-file']),
    consoleSocket: absolute(options['console-socket']),
    pidfdSocket: absolute(options['pidfd-socket']),
    preserveFds: options['preserve-fds'],
    ignorePaused: options['ignore-paused'],
    seccompCache: settings.seccompCache,
    detach,
    cgroup,
    ...(await refusalLog(options['seccomp-log'], detach)),
  });
};

function read(file: string): string {
  const field = '--process';
  return within(field, () => readFile(file), { code: 'CONFIG_UNREADABLE', field });
}

/** What the options say about the program. */
function changes({ options, positionals }: Invocation<typeof execCommand>): ExecOptions['process'] {
  return {
    args: positionals.slice(1),
    terminal: options.tty,
    env: options.env,
    capabilities: options.cap,
    noNewPrivileges: options['no-new-privs'],
    user: readUser(options.user, options['additional-gids']),
    cwd: options.cwd,
    selinuxLabel: options['process-label'],
    apparmorProfile: options.apparmor,
  };
}
