// Runs on the host.
import { libseccompFile } from '../../linux/libseccomp.ts';
import { kernelRelease } from '../../linux/uname.ts';
import type { ExactSeccomp } from '../../spec/exact.ts';
import { type Compiled, cached } from './cache.ts';
import { compileSeccomp } from './compile.ts';
import { filters, flagsOf, planSeccomp } from './plan.ts';

/** What init loads. */
export interface SeccompProgram {
  /** BPF instructions, in Base64. */
  program: string;
  /** Of seccomp(2). */
  flags: number;
}

/**
 * The filter that linux.seccomp asks for; undefined when it asks for none. Compiled profiles are kept in the directory
 * `cache`, if there is one.
 */
export function seccompProgram(
  seccomp: ExactSeccomp | undefined,
  cache: string | undefined,
): SeccompProgram | undefined {
  if (seccomp === undefined || !filters(seccomp)) return undefined;
  const key = { profile: JSON.stringify(seccomp), kernel: kernelRelease() };
  const compile = (): Compiled => ({
    program: Buffer.from(compileSeccomp(planSeccomp(seccomp))).toString('base64'),
    library: libseccompFile(),
  });
  const program = cache === undefined ? compile().program : cached(cache, key, compile);
  return { program, flags: flagsOf(seccomp) };
}
