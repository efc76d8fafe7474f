import type { Seccomp, SeccompArgument } from './config.ts';

type Rule = NonNullable<Seccomp['syscalls']>[number];

/** An argument of a system call and what it is compared with; as text where a double would round it. */
export interface ExactArgument extends Omit<SeccompArgument, 'value' | 'valueTwo'> {
  readonly value: number | string;
  readonly valueTwo?: number | string;
}

/** A profile with the numbers that config.json has. */
export interface ExactSeccomp extends Omit<Seccomp, 'syscalls'> {
  readonly syscalls?: readonly (Omit<Rule, 'args'> & { readonly args?: readonly ExactArgument[] })[];
}

/** Strings, to be skipped, and numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * A valid profile, and the text of its document, which is read once more where the profile has a number that is not exact:
 * a filter must not be about another one. `find` takes the profile out of the document.
 */
export function exactSeccomp(
  seccomp: Seccomp | undefined,
  text: string,
  find: (document: unknown) => unknown = inConfig,
): ExactSeccomp | undefined {
  const isRounded = (value = 0): boolean => value > Number.MAX_SAFE_INTEGER;
  const args = seccomp?.syscalls?.flatMap((rule) => rule.args ?? []) ?? [];
  if (!args.some(({ value, valueTwo }) => isRounded(value) || isRounded(valueTwo))) return seccomp;
  const quoted = text.replace(TOKENS, (token) => (/^\d{16,}$/.test(token) ? `"${token}"` : token));
  return find(JSON.parse(quoted)) as ExactSeccomp;
}

function inConfig(document: unknown): unknown {
  return (document as { linux: { seccomp: unknown } }).linux.seccomp;
}
