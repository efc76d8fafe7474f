import type { Hooks } from './config.ts';

/** The lists in `hooks`, in the order in which they run. */
export const hookKinds: readonly (keyof Hooks)[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];
