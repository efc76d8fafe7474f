import { run } from '../../container/run.ts';
import { inspection, makeId, readCreateOptions, refusalLog } from '../create-options.ts';
import type { Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { runCommand } from '../table.ts';

export const handler: Handler<typeof runCommand> = async (invocation) => {
  const { options, positionals } = invocation;
  const id = positionals[0] ?? (await makeId());
  const { detach, keep, 'no-subreaper': noSubreaper } = options;
  const watch = await refusalLog(options['seccomp-log'], detach);
  const createOptions = { ...readCreateOptions(invocation, id), ...(await inspection()), ...watch };
  const runOptions = { ...createOptions, detach, keep, noSubreaper };
  // Before the program can write: the first line is then always the ID.
  if (positionals[0] === undefined) print(`${id}\n`);
  return run(runOptions);
};
