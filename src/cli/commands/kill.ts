import { kill } from '../../container/kill.ts';
import { RuntimeError } from '../../errors.ts';
import { signalNumber } from '../../linux/signal.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { killCommand } from '../table.ts';

export const handler: Handler<typeof killCommand> = (invocation) => {
  const text = invocation.positionals[1] ?? 'TERM';
  const signal = signalNumber(text);
  if (signal === undefined) {
    throw new RuntimeError(`unknown signal ${JSON.stringify(text)}`, {
      code: 'SIGNAL_INVALID',
      hint: 'a name such as TERM or SIGKILL, or a number',
    });
  }
  kill({ ...containerOf(invocation), signal, all: invocation.options.all });
  return 0;
};
