import * as checkpoint from './commands/checkpoint.ts';
import * as events from './commands/events.ts';
import * as features from './commands/features.ts';
import * as ps from './commands/ps.ts';
import * as restore from './commands/restore.ts';
import * as seccomp from './commands/seccomp.ts';
import * as spec from './commands/spec.ts';
import * as update from './commands/update.ts';
import type { Handlers } from './invocation.ts';

/*
 * What is loaded when it is asked for, but for help and its yargs. In one piece: for each import() of something else the bundler
 * puts what that shares with other parts in a file of its own, and each file takes 0.1 ms of every start.
 */

export { v4 } from 'uuid';
export { openRefusals } from '../container/seccomp/refusals.ts';
export { warnOfRepeatedNames, warnOfUnknownProperties } from '../spec/unknown-properties.ts';
export { answerShell } from './completion.ts';
export { misuse } from './misuse.ts';
export { printVersion } from './version.ts';

export const handlers: Handlers = {
  features: features.handler,
  ps: ps.handler,
  update: update.handler,
  checkpoint: checkpoint.handler,
  restore: restore.handler,
  events: events.handler,
  seccomp: seccomp.handler,
  spec: spec.handler,
};
