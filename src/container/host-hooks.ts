import { type HookContext, runHooks, runPoststop } from '../hooks.ts';
import type { Hooks } from '../spec/config.ts';
import { type Status, stateDocument } from '../spec/state.ts';
import { callerNofile } from './caller/limits.ts';
import type { ContainerRecord } from './store.ts';

/** Runs hooks in the namespaces of the host, in the order of the kinds. */
export function runHostHooks(kinds: readonly (keyof Hooks)[], record: ContainerRecord, status: Status): void {
  const { hooks } = record.config;
  for (const kind of kinds) if (hooks?.[kind]?.length) runHooks(kind, hooks, contextOf(record, status));
}

/** Once the container is gone. */
export function afterDelete(record: ContainerRecord): void {
  const { hooks } = record.config;
  if (hooks?.poststop?.length) runPoststop(hooks, contextOf(record, 'stopped'));
}

function contextOf(record: ContainerRecord, status: Status): HookContext {
  const { id, bundle, config, init_process_pid: init } = record;
  const { annotations } = config;
  return {
    state: stateDocument(status, { id, bundle, annotations, pid: status === 'stopped' ? 0 : init }),
    cwd: bundle,
    softNofile: callerNofile(),
  };
}
