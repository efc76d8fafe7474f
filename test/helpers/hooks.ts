import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Change, type Hook, type HookKind, makeBundle } from './bundle.ts';
import { type Result, run } from './runtime.ts';
import { newId, temp } from './sandbox.ts';

/** A hook that runs a script of the shell: that of the host, or for startContainer the container's. */
export const shell = (script: string, more: Partial<Hook> = {}): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  ...more,
});

/** A bundle with hooks of which one fails, and a poststop hook that notes that it has run. */
export function failing(kind: HookKind, hook: Hook, change: Change = () => {}) {
  const log = join(temp, newId());
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', 'echo ran; exec sleep 1000'];
    const ok = shell('exit 0');
    config.hooks = { [kind]: [ok, hook, shell(`echo ${kind} goes on >> ${log}`)] };
    if (kind !== 'poststop') config.hooks.poststop = [shell(`echo poststop >> ${log}`)];
    change(config);
  });
  return { bundle, log: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') };
}

/** create and start; returns the result of the one that fails. */
export function createAndStart(t: Test, bundle: string, id = newId()): { id: string; result: Result } {
  t.teardown(() => void run(['delete', '--force', id]));
  const created = run(['create', id], { bundle });
  return { id, result: created.status === 0 ? run(['start', id]) : created };
}
