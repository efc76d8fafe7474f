import { restore } from '../../container/restore.ts';
import { inspection, makeId, readCreateOptions } from '../create-options.ts';
import { criuFlags } from '../criu-options.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { restoreCommand } from '../table-checkpoint.ts';

export const handler: Handler<typeof restoreCommand> = async (invocation) => {
  const { options, positionals } = invocation;
  const id = positionals[0] ?? (await makeId());
  const created = { 'pidfd-socket': undefined, 'no-new-keyring': false, 'preserve-fds': 0, ...options };
  const restoreOptions = {
    ...readCreateOptions({ ...invocation, options: created }, id),
    ...(await inspection()),
    ...criuFlags(options),
    environment: process.env,
    detach: options.detach,
    noSubreaper: options['no-subreaper'],
    tcpClose: options['tcp-close'],
    lsmProfile: options['lsm-profile'],
    lsmMountContext: options['lsm-mount-context'],
  };
  if (positionals[0] === undefined) print(`${id}\n`);
  return restore(restoreOptions);
};
