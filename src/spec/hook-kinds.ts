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

/** Those that the host's half runs in the middle of `create`. */
export const CREATE_HOOKS = ['prestart', 'createRuntime'] as const;
