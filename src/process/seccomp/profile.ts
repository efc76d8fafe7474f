// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { libseccompFile } from '../../linux/libseccomp.ts';
import { hasSeccompFlag, SECCOMP_FILTER_FLAG } from '../../linux/seccomp.ts';
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
  // The program is the same for every agent.
  const { listenerPath, listenerMetadata, ...profile } = seccomp;
  const key = { profile: JSON.stringify(profile), kernel: kernelRelease() };
  const compile = (): Compiled => ({
    program: Buffer.from(compileSeccomp(planSeccomp(seccomp))).toString('base64'),
    library: libseccompFile(),
  });
  const program = cache === undefined ? compile().program : cached(cache, key, compile);
  const flags = flagsOf(seccomp);
  if (flags & SECCOMP_FILTER_FLAG.waitKillableRecv) checkWaitKillable();
  return { program, flags };
}

function checkWaitKillable(): void {
  if (hasSeccompFlag(SECCOMP_FILTER_FLAG.waitKillableRecv)) return;
  const field = 'linux.seccomp.flags';
  const name = 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV';
  throw new RuntimeError(`${field}: this kernel does not know ${name}`, {
    code: 'SECCOMP_INVALID',
    field,
    hint: 'it takes Linux 5.19',
  });
}
