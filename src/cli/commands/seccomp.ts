import { checkSeccomp, compareSeccomp } from '../../container/seccomp/check.ts';
import { RuntimeError } from '../../errors.ts';
import { exactJson } from '../exact-json.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import { describeCalls, describeDifferences, describeProfile } from '../seccomp-text.ts';
import type { seccompCommand } from '../table-seccomp.ts';

export const handler: Handler<typeof seccompCommand> = ({ options, positionals }) => {
  const [action, profile] = positionals as [string, string];
  if (action !== 'check') {
    throw new RuntimeError(`unknown action ${JSON.stringify(action)}`, {
      code: 'USAGE',
      hint: 'it is: trunc seccomp check PROFILE',
    });
  }
  const { syscall, diff, cap, format } = options;
  const asked = syscall.length > 0 ? syscall.flatMap((names) => names.split(',')) : undefined;
  if (diff !== undefined && asked !== undefined)
    throw new RuntimeError('--diff and --syscall exclude each other', { code: 'USAGE' });
  const tell = <T>(result: T, describe: (result: T) => string): void =>
    print(format === 'json' ? `${exactJson(result)}\n` : describe(result));
  if (diff !== undefined) tell(compareSeccomp([diff, profile], cap), describeDifferences);
  else {
    const report = checkSeccomp(profile, cap, asked);
    tell(report, asked === undefined ? describeProfile : ({ syscalls }) => describeCalls(syscalls));
  }
  return 0;
};
